"""Text written by language models out of curated documents: recipes, validators, and the client they ask through."""

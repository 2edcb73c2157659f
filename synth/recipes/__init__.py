"""Recipes: each turns a seed into a document, in as many questions to a model as it takes."""

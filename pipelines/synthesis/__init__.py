"""From curated documents to generated ones: seeds, models, lanes, and the documents that come of them."""

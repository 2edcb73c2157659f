"""From shared band keys to verdicts: which documents are near-duplicates of which kept ones."""

"""The per-document tables of facts: a maker each, fed batch after batch of a part."""

"""Readers: pieces of input files in, records as Arrow columns out, every bad record with its reason."""

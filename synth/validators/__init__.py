"""Checks of what models wrote: each looks for one fault and gives its slug, or None. No model, no randomness."""

"""Decontamination: Algorithm 1 of the Phi-4 report (arXiv 2412.08905, appendix B.1), exact and fast.

registry reads benchmarks, index makes them searchable, rule checks documents, controls proves that
the index finds what it should, report says what was found.
"""

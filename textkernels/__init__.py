"""Numba kernels over the UTF-8 bytes and offsets of Arrow text columns.

words <- ngrams <- minhash; hashset; content; keepers. Imports nothing else of the project.
"""

from textkernels.compile import compile_kernels

__all__ = ["compile_kernels"]

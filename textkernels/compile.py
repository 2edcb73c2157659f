"""Compiling ahead of time, so that workers load machine code instead of each making their own."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa


def compile_kernels() -> None:
    """Compile every kernel into Numba's on-disk cache by running each public function once.

    The cache is where NUMBA_CACHE_DIR says, else beside the sources. What is cached already is
    loaded, so a second call is quick.
    """
    # Inside, so that importing a package of kernels does not import all of them.
    from textkernels.content import content_hashes
    from textkernels.hashset import HashIndex
    from textkernels.keepers import keep_greedily
    from textkernels.minhash import band_keys, signatures
    from textkernels.ngrams import distinct, ngram_hashes, shingles
    from textkernels.words import _find_words, word_hashes, words

    drop_outdated(_find_words)
    column = pa.array(["Words in plain ASCII", "Wörter, die es nicht sind", None])
    words(column)
    hashes, offsets = word_hashes(column)
    content_hashes(column, hashes, offsets)
    ngram_hashes(hashes, offsets, 2)
    grams, gram_offsets = distinct(*shingles(hashes, offsets, 2))
    band_keys(signatures(grams, gram_offsets, 4, 0), 2, 2)
    HashIndex.build(np.unique(grams)).find(grams)
    keep_greedily(grams, gram_offsets, 0.5)
    # A group large enough for the index.
    keep_greedily(np.arange(100, dtype=np.uint64) // 2, np.arange(101), 0.5)


def drop_outdated(kernel: Any) -> None:
    """Remove the cached code of all kernels of this one's folder that is older than a source it may have been
    made of: Numba compares the file that a kernel stands in, not those that its helpers and constants come from."""
    folders = {Path(kernel.py_func.__code__.co_filename).parent, Path(__file__).parent}
    newest = max(source.stat().st_mtime for folder in folders for source in folder.glob("*.py"))
    for index in Path(kernel.stats.cache_path).glob("*.nbi"):
        with suppress(FileNotFoundError):  # another process may do the same at the same time
            if index.stat().st_mtime < newest:
                index.unlink()

"""Compiling ahead of time, so that workers load machine code instead of each making their own."""

from pathlib import Path

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

    _drop_outdated(Path(_find_words.stats.cache_path))
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


def _drop_outdated(cache: Path) -> None:
    # Numba compares the file a kernel stands in, not the files its helpers come from.
    newest = max(source.stat().st_mtime for source in Path(__file__).parent.glob("*.py"))
    for index in cache.glob("*.nbi"):
        if index.stat().st_mtime < newest:
            index.unlink(missing_ok=True)

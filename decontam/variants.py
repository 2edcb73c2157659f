"""The texts an item is searched for as. Each is a test text of its own in Algorithm 1.

A benchmark's item turns up in training data with its options, without them or with its answer, and
its passage turns up where no question follows.
"""

from string import ascii_uppercase

import numpy as np
import pyarrow as pa

from textkernels.words import word_hashes

MAX_VARIANTS = 5


def item_texts(question: str, answer: str, choices: list[str], context: str) -> list[str]:
    """At most MAX_VARIANTS texts, none of them twice; see the source for their order.

    The answer alone is none of them: most are too short, or too common, to be evidence.
    """
    texts = [question]
    if choices:
        lettered = (
            f"{ascii_uppercase[k]}. {choice}" if k < len(ascii_uppercase) else choice
            for k, choice in enumerate(choices)
        )
        # As the Phi-4 report prints its test item.
        texts.append(f"{question} {' '.join(lettered)}")
        texts.append(f"{question} {' '.join(choices)}")
    if answer:
        texts.append(f"{question} {answer}")
    if context:
        texts.append(context)
    return list(dict.fromkeys(texts))


def item_variants(items: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The words of every variant of every item; variants of an item that are equal in words count once.

    Args:
        items: n items, with the schema `registry.ITEMS`.

    Returns:
        Word hashes uint64[n_words]; offsets int64[n_variants + 1] of variants in them; and offsets
        int64[n + 1] of items in the variants.
    """
    columns = [items[name].to_pylist() for name in ("question", "answer", "choices", "context")]
    texts = [item_texts(*fields) for fields in zip(*columns, strict=True)]
    item_of_text = np.repeat(np.arange(len(texts)), [len(own) for own in texts])
    flat = pa.array([text for own in texts for text in own], pa.large_string())
    hashes, offsets = word_hashes(flat)
    kept = _first_in_words(hashes, offsets, item_of_text)
    sizes = np.diff(offsets)
    words_kept = np.repeat(kept, sizes)
    variant_offsets = np.zeros(np.count_nonzero(kept) + 1, np.int64)
    np.cumsum(sizes[kept], out=variant_offsets[1:])
    item_offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.bincount(item_of_text[kept], minlength=len(texts)), out=item_offsets[1:])
    return hashes[words_kept], variant_offsets, item_offsets


def _first_in_words(hashes: np.ndarray, offsets: np.ndarray, item_of_text: np.ndarray) -> np.ndarray:
    kept = np.ones(len(item_of_text), np.bool_)
    seen: set[bytes] = set()
    item = -1
    for text, own in enumerate(item_of_text.tolist()):
        if own != item:
            item = own
            seen.clear()
        words = hashes[offsets[text] : offsets[text + 1]].tobytes()
        kept[text] = words not in seen
        seen.add(words)
    return kept

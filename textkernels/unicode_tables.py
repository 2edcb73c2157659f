"""What each code point is to words: the tables `build_unicode_tables` made, as the kernels read them.

The entry of code point c is ``entries[block_of[c >> 7] << 7 | c & 127]``, a uint64:

    bits 48-   kind, one of the constants below
    bits 40-47 canonical combining class; of a COMPOSED the class of its last mark
    bits 0-39  of RUN, SINGLE and MARK: the folded spelling, UTF-8, first byte lowest, and from bit 32
               its length in bytes, both XOR those of the character itself
               of COMPOSED and SEQUENCE: where in `sequences` it is; from bit 32 how many elements

`sequences` has for a SEQUENCE its elements: entries of the kinds SEPARATOR to MARK, in which the
spelling and length stand as they are. For a COMPOSED it has, before the elements, the spelling of
all of them and a word with its length from bit 32 and the kind of the first one from bit 48.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

SEPARATOR = 0  # ends a word
RUN = 1  # letters and numbers that make words together
SINGLE = 2  # each a word of its own: Han and kana
MARK = 3  # combining mark: belongs to the word before it
COMPOSED = 4  # folds to a base and what joins it in one word, of at most 8 bytes
IGNORED = 5  # as if it were not there
HANGUL = 6  # a syllable: decomposed by arithmetic
SEQUENCE = 7  # folds to several code points


class UnicodeTables(NamedTuple):
    """block_of uint16[0x110000 >> 7], entries uint64, sequences uint64: see the module."""

    block_of: np.ndarray
    entries: np.ndarray
    sequences: np.ndarray


def _load() -> tuple[str, UnicodeTables]:
    with np.load(Path(__file__).with_name("unicode_tables.npz")) as stored:
        arrays = [stored[name] for name in UnicodeTables._fields]
        version = str(stored["unicode_version"])
    for array in arrays:
        array.flags.writeable = False
    return version, UnicodeTables(*arrays)


UNICODE_VERSION, TABLES = _load()

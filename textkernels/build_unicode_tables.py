"""Builds unicode_tables.npz from the Unicode data of the Python that runs this file.

    python3.13 textkernels/build_unicode_tables.py

The shipped file is what counts: rebuilding it under another Unicode version changes hashes, so
`words.NORMALISER` has to change with it. `unicode_tables` documents the format; this file needs
nothing but NumPy.
"""

import sys
import unicodedata
from pathlib import Path

import numpy as np

SEPARATOR, RUN, SINGLE, MARK, COMPOSED, IGNORED, HANGUL, SEQUENCE = range(8)
BLOCK_BITS = 7
YPOGEGRAMMENI = 0x345

IGNORED_RANGES = [
    (0xAD, 0xAD),  # soft hyphen
    (0x180B, 0x180D),  # Mongolian variation selectors
    (0x180F, 0x180F),
    (0x200C, 0x200D),  # zero width non-joiner and joiner
    (0xFE00, 0xFE0F),  # variation selectors
    (0xE0100, 0xE01EF),
]
# Letters and numbers of the scripts Han, Hiragana and Katakana: each is a word of its own.
SINGLE_RANGES = [
    (0x3005, 0x3007),  # iteration mark, closing mark, zero
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3031, 0x3035),  # kana repeat marks
    (0x3038, 0x303C),
    (0x3041, 0x30FF),  # hiragana, katakana, prolonged sound mark, iteration marks
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han, extension A
    (0x4E00, 0x9FFF),  # Han
    (0xF900, 0xFAFF),  # compatibility ideographs
    (0x1AFF0, 0x1AFFF),  # kana extended B
    (0x1B000, 0x1B16F),  # kana supplement, extended A, small extension
    (0x20000, 0x2FFFD),  # the planes Unicode keeps for ideographs
    (0x30000, 0x3FFFD),
]


def _within(code: int, ranges: list[tuple[int, int]]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def width_folded(char: str) -> str:
    tag, *codes = unicodedata.decomposition(char).split() or [""]
    if tag in ("<wide>", "<narrow>"):
        return "".join(chr(int(code, 16)) for code in codes)
    return char


def folded(char: str) -> list[int]:
    """The code points a character stands for, U+0345 kept, as it folds after reordering."""
    codes: list[int] = []
    for part in unicodedata.normalize("NFD", width_folded(char)):
        fold = part if ord(part) == YPOGEGRAMMENI else part.casefold()
        codes += map(ord, unicodedata.normalize("NFD", fold))
    return codes


def kind_of(code: int) -> int:
    """How a folded code point takes part in words."""
    category = unicodedata.category(chr(code))
    if code == YPOGEGRAMMENI:
        return RUN  # what it folds to is a letter
    if category[0] == "M":
        return MARK
    if _within(code, SINGLE_RANGES) and (category[0] in "LN" or (category == "Cn" and code > 0xFFFF)):
        return SINGLE
    return RUN if category[0] in "LN" else SEPARATOR


def pack(kind: int, order: int, length: int, low: int) -> int:
    return kind << 48 | order << 40 | length << 32 | low


def spelling(code: int) -> bytes:
    return ("ι" if code == YPOGEGRAMMENI else chr(code)).encode()


def element(code: int) -> int:
    """One folded code point as the kernels take it."""
    kind = kind_of(code)
    if kind == SEPARATOR:
        return 0
    text = spelling(code)
    order = unicodedata.combining(chr(code))
    return pack(kind, order, len(text), int.from_bytes(text, "little"))


def as_difference(entry: int, code: int) -> int:
    """An entry less the character's own spelling: equal for whole blocks, which are stored once."""
    own = chr(code).encode()
    return entry ^ (len(own) << 32 | int.from_bytes(own, "little"))


class Pool:
    """The array `sequences`: runs of numbers, equal ones stored once."""

    def __init__(self) -> None:
        self.values: list[int] = []
        self._places: dict[tuple[int, ...], int] = {}

    def place(self, values: tuple[int, ...]) -> int:
        if values not in self._places:
            self._places[values] = len(self.values)
            self.values.extend(values)
        return self._places[values]


def entry_of(code: int, pool: Pool) -> int:
    """What the tables hold for a character."""
    if _within(code, IGNORED_RANGES):
        return pack(IGNORED, 0, 0, 0)
    if 0xAC00 <= code <= 0xD7A3:
        return pack(HANGUL, 0, 0, 0)
    codes = folded(chr(code))
    elements = tuple(map(element, codes))
    orders = [unicodedata.combining(chr(part)) for part in codes]
    kinds = [kind_of(part) for part in codes]
    if not any(elements):
        return 0
    if len(elements) == 1:
        return as_difference(elements[0], code)
    bases = orders.count(0)
    # What the kernels take for granted: marks that need order stand behind all bases.
    assert not any(orders[:bases]), hex(code)
    text = b"".join(map(spelling, codes))
    joined = {MARK} if kinds[0] == SINGLE else {RUN, MARK}
    if kinds[0] in (RUN, SINGLE) and joined.issuperset(kinds[1:]) and len(text) <= 8:
        whole = int.from_bytes(text, "little")
        place = pool.place((whole, len(text) << 32 | kinds[0] << 48, *elements))
        return pack(COMPOSED, orders[-1], len(elements), place)
    return pack(SEQUENCE, orders[0], len(elements), pool.place(elements))


def build() -> dict[str, np.ndarray]:
    entries = np.zeros(0x110000, np.uint64)
    pool = Pool()
    for code in range(0x110000):
        if not 0xD800 <= code < 0xE000:
            entries[code] = entry_of(code, pool)
    blocks, index = np.unique(entries.reshape(-1, 1 << BLOCK_BITS), axis=0, return_inverse=True)
    return {
        "unicode_version": np.array(unicodedata.unidata_version),
        "block_of": index.ravel().astype(np.uint16),
        "entries": blocks.ravel(),
        "sequences": np.array(pool.values, np.uint64),
    }


if __name__ == "__main__":
    target = Path(__file__).with_name("unicode_tables.npz")
    tables = build()
    np.savez_compressed(target, **tables)
    sizes = ", ".join(f"{name} {array.size}" for name, array in tables.items())
    sys.stdout.write(f"{target}: Unicode {tables['unicode_version']}; {sizes}\n")

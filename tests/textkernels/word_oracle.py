"""Words by the book: the slow reference the kernels are held against."""

import unicodedata
from collections.abc import Iterable
from itertools import accumulate

M64 = (1 << 64) - 1

IGNORED = {0xAD, 0x180B, 0x180C, 0x180D, 0x180F, 0x200C, 0x200D}
IGNORED |= {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}


def mix64(x: int) -> int:
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & M64
    x = (x ^ x >> 27) * 0x94D049BB133111EB & M64
    return x ^ x >> 31


def word_hash(word: str) -> int:
    spelled = word.encode()
    h = 0
    for start in range(0, len(spelled), 8):
        h = mix64(h ^ int.from_bytes(spelled[start : start + 8], "little"))
    return h


def ordinary_width(char: str) -> str:
    tag, *codes = unicodedata.decomposition(char).split() or [""]
    return "".join(chr(int(c, 16)) for c in codes) if tag in ("<wide>", "<narrow>") else char


def normal_form(text: str) -> str:
    kept = "".join(ordinary_width(char) for char in text if ord(char) not in IGNORED)
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", kept).casefold())


def stands_alone(char: str) -> bool:
    code = ord(char)
    name = unicodedata.name(char, "")
    if name.startswith(("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH", "HANGZHOU")):
        return True
    if name.startswith(("HIRAGANA", "KATAKANA", "VERTICAL KANA", "HENTAIGANA")):
        return True
    return 0x3005 <= code <= 0x3007 or code in (0x303B, 0x303C) or 0x1AFF0 <= code < 0x1B170


def split(parts: Iterable[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """Cut characters of normal form, each with a number to go with it, into words."""
    found: list[list[tuple[int, str]]] = []
    joins = False  # whether the next character may join the last word
    alone = False  # whether that is of a script in which each character is one
    for number, char in parts:
        category = unicodedata.category(char)[0]
        if category not in "LNM":
            joins = False
            continue
        new_alone = category != "M" and stands_alone(char)
        if not joins or new_alone or (alone and category != "M"):
            found.append([])
            alone = new_alone
        found[-1].append((number, char))
        joins = True
    return found


def words_of(text: str) -> list[str]:
    return ["".join(char for _, char in word) for word in split(enumerate(normal_form(text)))]


def spans_of(text: str) -> list[tuple[int, int]]:
    """Byte span of each word of a text without U+0345, which may change places with a letter."""
    ends = list(accumulate((len(char.encode()) for char in text), initial=0))
    parts = ((place, part) for place, char in enumerate(text) for part in normal_form(char))
    return [(ends[word[0][0]], ends[word[-1][0] + 1]) for word in split(parts)]


def decoded(raw: bytes) -> str:
    """The text with a separator for each byte that is not UTF-8."""
    text = raw.decode("utf-8", "surrogateescape")
    return "".join("\n" if 0xDC80 <= ord(char) <= 0xDCFF else char for char in text)


def hashes_of(text: str) -> list[int]:
    return [word_hash(word) for word in words_of(text)]


def is_assigned(text: Iterable[str]) -> bool:
    """Whether all is assigned in this Python's Unicode, which no shipped table is older than."""
    return all(unicodedata.category(char) != "Cn" for char in text)

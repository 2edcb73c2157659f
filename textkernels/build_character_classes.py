"""Builds character_classes.npz from the Unicode data of the Python that runs this file.

    python3.11 textkernels/build_character_classes.py

The shipped file is what counts: `character_classes` documents the format, and this file needs
nothing but NumPy.
"""

import sys
import unicodedata
from pathlib import Path

import numpy as np

ALPHABETIC, SPACE, SYMBOL, TERMINAL, UPPER, DIGIT, LINE_BREAK = (1 << bit for bit in range(7))
BLOCK_BITS = 7

# What datatrove 0.10 counts as a symbol: ASCII punctuation, control characters but for tab and line
# feed, these, and everything in TERMINAL_RANGES.
SYMBOLS = "—”％１〈、━【「」，】；“《„’∶´．（–？！：～«〉》）。…►»"
SYMBOL_RANGES = [(0x00, 0x08), (0x0B, 0x0C), (0x0D, 0x1F), (0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60)]
SYMBOL_RANGES += [(0x7B, 0x7E), (0x7F, 0x9F)]
# The property Sentence_Terminal of Unicode, and the Khmer full stops, as FineWeb-2 and datatrove 0.10
# take the ends of sentences and lines.
TERMINAL_RANGES = [
    (0x21, 0x21), (0x2E, 0x2E), (0x3F, 0x3F), (0x589, 0x589), (0x61D, 0x61F), (0x6D4, 0x6D4),
    (0x700, 0x702), (0x7F9, 0x7F9), (0x837, 0x837), (0x839, 0x839), (0x83D, 0x83E), (0x964, 0x965),
    (0x104A, 0x104B), (0x1362, 0x1362), (0x1367, 0x1368), (0x166E, 0x166E), (0x1735, 0x1736),
    (0x17D4, 0x17D6), (0x17D9, 0x17DA), (0x1803, 0x1803), (0x1809, 0x1809), (0x1944, 0x1945),
    (0x1AA8, 0x1AAB), (0x1B5A, 0x1B5B), (0x1B5E, 0x1B5F), (0x1B7D, 0x1B7E), (0x1C3B, 0x1C3C),
    (0x1C7E, 0x1C7F), (0x203C, 0x203D), (0x2047, 0x2049), (0x2E2E, 0x2E2E), (0x2E3C, 0x2E3C),
    (0x2E53, 0x2E54), (0x3002, 0x3002), (0xA4FF, 0xA4FF), (0xA60E, 0xA60F), (0xA6F3, 0xA6F3),
    (0xA6F7, 0xA6F7), (0xA876, 0xA877), (0xA8CE, 0xA8CF), (0xA92F, 0xA92F), (0xA9C8, 0xA9C9),
    (0xAA5D, 0xAA5F), (0xAAF0, 0xAAF1), (0xABEB, 0xABEB), (0xFE52, 0xFE52), (0xFE56, 0xFE57),
    (0xFF01, 0xFF01), (0xFF0E, 0xFF0E), (0xFF1F, 0xFF1F), (0xFF61, 0xFF61), (0x10A56, 0x10A57),
    (0x10F55, 0x10F59), (0x10F86, 0x10F89), (0x11047, 0x11048), (0x110BE, 0x110C1),
    (0x11141, 0x11143), (0x111C5, 0x111C6), (0x111CD, 0x111CD), (0x111DE, 0x111DF),
    (0x11238, 0x11239), (0x1123B, 0x1123C), (0x112A9, 0x112A9), (0x1144B, 0x1144C),
    (0x115C2, 0x115C3), (0x115C9, 0x115D7), (0x11641, 0x11642), (0x1173C, 0x1173E),
    (0x11944, 0x11944), (0x11946, 0x11946), (0x11A42, 0x11A43), (0x11A9B, 0x11A9C),
    (0x11C41, 0x11C42), (0x11EF7, 0x11EF8), (0x11F43, 0x11F44), (0x16A6E, 0x16A6F),
    (0x16AF5, 0x16AF5), (0x16B37, 0x16B38), (0x16B44, 0x16B44), (0x16E98, 0x16E98),
    (0x1BC9F, 0x1BC9F), (0x1DA88, 0x1DA88),
]  # fmt: skip


def _within(code: int, ranges: list[tuple[int, int]]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def classes_of(code: int) -> int:
    """The classes of a code point, as bits."""
    char = chr(code)
    terminal = _within(code, TERMINAL_RANGES)
    symbol = terminal or char in SYMBOLS or _within(code, SYMBOL_RANGES)
    category = unicodedata.category(char)
    return (
        ALPHABETIC * char.isalpha()
        | SPACE * char.isspace()
        | SYMBOL * symbol
        | TERMINAL * terminal
        | UPPER * (category == "Lu")
        | DIGIT * (category == "Nd")
        | LINE_BREAK * (len(f"a{char}a".splitlines()) == 2)
    )


def build() -> dict[str, np.ndarray]:
    classes = np.zeros(0x110000, np.uint8)
    for code in range(0x110000):
        if not 0xD800 <= code < 0xE000:
            classes[code] = classes_of(code)
    blocks, index = np.unique(classes.reshape(-1, 1 << BLOCK_BITS), axis=0, return_inverse=True)
    return {
        "unicode_version": np.array(unicodedata.unidata_version),
        "block_of": index.ravel().astype(np.uint16),
        "classes": blocks.ravel(),
    }


if __name__ == "__main__":
    target = Path(__file__).with_name("character_classes.npz")
    tables = build()
    np.savez_compressed(target, **tables)
    sizes = ", ".join(f"{name} {array.size}" for name, array in tables.items())
    sys.stdout.write(f"{target}: Unicode {tables['unicode_version']}; {sizes}\n")

"""Names of elements, and words of class and id attributes, as numbers a kernel can look up."""

import numpy as np
from numba import njit

_OFFSET, _PRIME = 0xCBF29CE484222325, 0x100000001B3

TAGS = """
a abbr address annotation annotation-xml area article aside audio b base basefont bgsound big blockquote body
br button canvas caption center cite code col colgroup datalist dd del details dfn dialog dir div dl dt em
embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html
i iframe img input ins kbd keygen label legend li link main map mark marquee math menu meta mfrac mover mroot
mrow mspace msqrt mstyle msub msubsup msup mtable mtd mtr munder munderover nav nobr noembed noframes noscript
object ol optgroup option output p param picture plaintext pre progress q rp rt ruby s samp script search
section select semantics small source span strike strong style sub summary sup svg table tbody td template
textarea tfoot th thead title tr track tt u ul var video wbr xmp
""".split()
TAG = {name: number for number, name in enumerate(TAGS, 1)}

VOID = "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
RAW_TEXT = "script style xmp iframe noembed noframes plaintext"
NEVER_SHOWN = """
audio base button canvas datalist dialog embed frame frameset head iframe input keygen label link map meta
nav noembed noframes noscript object optgroup option param progress rp script search select source style svg
template textarea title track video
"""
BLOCKS = """
address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section summary
table tbody td tfoot th thead tr ul
"""


def tag_numbers(names: str) -> tuple[int, ...]:
    """The numbers of elements named in a string, separated by white space."""
    return tuple(TAG[name] for name in names.split())


def tag_set(names: str) -> np.ndarray:
    """bool[number of tags + 1], true at the numbers of the elements named."""
    members = np.zeros(len(TAGS) + 1, np.bool_)
    members[list(tag_numbers(names))] = True
    return members


def fnv1a(name: bytes) -> int:
    """FNV-1a of 64 bits."""
    h = _OFFSET
    for byte in name:
        h = (h ^ byte) * _PRIME & 0xFFFFFFFFFFFFFFFF
    return h


def lookup_table(numbers: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Open hash table of names: keys uint64[2**k] (0 is empty) and numbers int64[2**k].

    Raises:
        ValueError: two names have the same hash.
    """
    size = 1 << (4 * len(numbers)).bit_length()
    keys, values = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    for name, number in sorted(numbers.items()):
        key = fnv1a(name.encode())
        at = key & (size - 1)
        while keys[at]:
            if keys[at] == key:
                raise ValueError(f"the hash of {name!r} is taken")
            at = (at + 1) & (size - 1)
        keys[at], values[at] = key, number
    return keys, values


@njit(forceinline=True)
def look_up(keys, values, key):
    """The number of a name by its hash, 0 where there is none."""
    mask = np.uint64(keys.size - 1)
    at = key & mask
    while keys[at] != np.uint64(0):
        if keys[at] == key:
            return values[at]
        at = (at + np.uint64(1)) & mask
    return np.int64(0)


@njit(forceinline=True)
def fnv_start():
    return np.uint64(0xCBF29CE484222325)


@njit(forceinline=True)
def fnv_step(h, byte):
    """Hash of a name with one more byte, upper-case ASCII taken as lower-case."""
    if 65 <= byte <= 90:
        byte += 32
    return (h ^ np.uint64(byte)) * np.uint64(0x100000001B3)


TAG_TABLE = lookup_table(TAG)

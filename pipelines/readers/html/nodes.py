"""The nodes of a page as arrays, read from the form an HTML parser writes its tree in.

The tree is taken from the parser's serialisation (WHATWG HTML, section 13.3: every element is
closed, attributes are in double quotes, `<` in text is escaped), which is made and read about thirty
times faster than its nodes are walked one by one from Python.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from pipelines.readers.html.marks import LABEL_TABLE, NAME_TABLE, ROLE_TABLE, WORD_TABLE
from pipelines.readers.html.names import (
    RAW_TEXT,
    TAG,
    TAG_TABLE,
    VOID,
    fnv_start,
    fnv_step,
    look_up,
    tag_set,
)

TEXT, OTHER = -1, 0
HIDDEN, ARIA_HIDDEN, RAW = 1 << 20, 1 << 21, 1 << 22

_VOID, _RAW_TEXT = tag_set(VOID), tag_set(RAW_TEXT)
_SCRIPT = TAG["script"]
_MOST_WORDS_OF_ID, _MANY = 3, 1 << 30


class Nodes(NamedTuple):
    """The n nodes of a page in document order; comments and the document type are no nodes.

    tags: int64[n], number of the element's name, 0 for names without one, -1 for text.
    parents: int64[n], -1 where there is none.
    starts, ends: int64[n], byte span of a text, or of an element's attributes.
    lasts: int64[n], the first node behind the node and all it contains.
    marks: int64[n], bits of `marks`, HIDDEN, ARIA_HIDDEN and, for text that is not escaped, RAW.
    """

    tags: np.ndarray
    parents: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    lasts: np.ndarray
    marks: np.ndarray


def read_nodes(serialised: np.ndarray) -> Nodes:
    """Read the nodes of a serialised tree, uint8[n_bytes], in linear time."""
    return Nodes(*_read(serialised, TAG_TABLE, WORD_TABLE, NAME_TABLE, ROLE_TABLE, LABEL_TABLE))


@njit(forceinline=True)
def is_space(byte):
    return byte == 32 or 9 <= byte <= 13


@njit(cache=True, nogil=True)
def spells(data, at, end, name):
    """Whether the bytes from at on are name, ASCII case aside; name is of small letters."""
    if at + len(name) > end:
        return False
    for k in range(len(name)):
        byte = data[at + k]
        if 65 <= byte <= 90:
            byte += 32
        if byte != name[k]:
            return False
    return True


@njit(cache=True, nogil=True)
def holds(data, at, end, word):
    """Whether word, of small letters, is somewhere in a span, ASCII case aside."""
    while at + len(word) <= end:
        if spells(data, at, end, word):
            return True
        at += 1
    return False


@njit(cache=True, nogil=True)
def end_of_script(data, at):
    """Where a script's text ends: the states of WHATWG HTML, 13.2.5.15 to 13.2.5.31."""
    n = data.size
    state = 0  # 1 within `<!--`, 2 within `<script` there
    while at < n:
        byte = data[at]
        if byte == 60:
            if state == 0 and spells(data, at, n, b"<!--"):
                state = 1
                at += 2  # its own dashes may be those of `-->`
                continue
            if state == 1 and spells(data, at, n, b"<script") and ends_name(data, at + 7):
                state = 2
            elif spells(data, at, n, b"</script") and ends_name(data, at + 8):
                if state < 2:
                    return at
                state = 1
        elif byte == 45 and state > 0 and spells(data, at, n, b"-->"):
            state = 0
        at += 1
    return n


@njit(forceinline=True)
def ends_name(data, at):
    return at < data.size and (data[at] == 62 or data[at] == 47 or is_space(data[at]))


@njit(cache=True, nogil=True)
def _end_of_raw(data, at, name_start, name_end):
    """Where the text of an element ends that is written without escapes."""
    n, size = data.size, name_end - name_start
    while at < n:
        if data[at] == 60 and at + 1 < n and data[at + 1] == 47 and at + 2 + size <= n:
            same = True
            for k in range(size):
                if data[at + 2 + k] != data[name_start + k]:
                    same = False
                    break
            if same and ends_name(data, at + 2 + size):
                return at
        at += 1
    return n


@njit(cache=True, nogil=True)
def _marks_of_words(data, start, end, word_table, name_table, label_table, most_words):
    """The bits of the names in a class or id attribute; those of more words than most count for nothing."""
    marks = np.int64(0)
    at = start
    while at < end:
        while at < end and is_space(data[at]):
            at += 1
        if at == end:
            break
        name, word, pair = fnv_start(), fnv_start(), fnv_start()
        letters, words, previous = 0, 0, 0
        marks_of_name = np.int64(0)
        is_label = False
        while True:
            over = at >= end or is_space(data[at])
            byte = 0 if over else np.int64(data[at])
            is_letter = 97 <= (byte | 32) <= 122 or byte >= 128
            if letters and (not is_letter or (65 <= byte <= 90 and 97 <= previous <= 122)):
                marks_of_name |= look_up(word_table[0], word_table[1], word)
                if words:
                    marks_of_name |= look_up(word_table[0], word_table[1], pair)
                elif look_up(label_table[0], label_table[1], word):
                    is_label = not over
                pair = word
                words += 1
                word, letters = fnv_start(), 0
            if over:
                break
            if is_letter:
                name = fnv_step(name, byte)
                word = fnv_step(word, byte)
                pair = fnv_step(pair, byte) if words else pair
                letters += 1
            previous = byte
            at += 1
        if words <= most_words and not is_label:
            marks |= marks_of_name
        marks |= look_up(name_table[0], name_table[1], name)
    return marks


@njit(cache=True, nogil=True)
def _hides(data, start, end):
    """Whether a style attribute says display:none or visibility:hidden."""
    at = start
    while at < end:
        while at < end and (is_space(data[at]) or data[at] == 59):
            at += 1
        kind = 0
        if spells(data, at, end, b"display"):
            kind = 1
            at += 7
        elif spells(data, at, end, b"visibility"):
            kind = 2
            at += 10
        if kind:
            while at < end and is_space(data[at]):
                at += 1
            if at < end and data[at] == 58:
                at += 1
                while at < end and is_space(data[at]):
                    at += 1
                if kind == 1 and spells(data, at, end, b"none"):
                    return True
                if kind == 2 and (spells(data, at, end, b"hidden") or spells(data, at, end, b"collapse")):
                    return True
        while at < end and data[at] != 59:
            at += 1
    return False


@njit(cache=True, nogil=True)
def _attribute(data, at, end):
    """The next attribute of a span of attributes: spans of its name and its value, and where the one behind begins."""
    while at < end and is_space(data[at]):
        at += 1
    name_start = at
    at += 1
    while at < end and data[at] != 61 and not is_space(data[at]):
        at += 1
    name_end = min(at, end)
    value_start = value_end = name_end
    if at + 1 < end and data[at] == 61 and data[at + 1] == 34:
        value_start = at + 2
        at = value_start
        while at < end and data[at] != 34:
            at += 1
        value_end = at
        at += 1
    return name_start, name_end, value_start, value_end, at


@njit(cache=True, nogil=True)
def find_attribute(data, at, end, name):
    """Byte span of the value of an attribute in a span of attributes; (-1, -1) where it is not."""
    while at < end:
        name_start, name_end, value_start, value_end, at = _attribute(data, at, end)
        if name_end - name_start == len(name) and spells(data, name_start, name_end, name):
            return value_start, value_end
    return -1, -1


@njit(cache=True, nogil=True)
def _marks_of(data, start, end, word_table, name_table, role_table, label_table):
    marks = np.int64(0)
    at = start
    while at < end:
        name_start, name_end, value_start, value_end, at = _attribute(data, at, end)
        size = name_end - name_start
        if size == 5 and spells(data, name_start, name_end, b"class"):
            marks |= _marks_of_words(data, value_start, value_end, word_table, name_table, label_table, _MANY)
        elif size == 2 and spells(data, name_start, name_end, b"id"):
            marks |= _marks_of_words(
                data, value_start, value_end, word_table, name_table, label_table, _MOST_WORDS_OF_ID
            )
        elif size == 4 and spells(data, name_start, name_end, b"role"):
            h = fnv_start()
            for k in range(value_start, value_end):
                h = fnv_step(h, np.int64(data[k]))
            marks |= look_up(role_table[0], role_table[1], h)
        elif size == 5 and spells(data, name_start, name_end, b"style"):
            if _hides(data, value_start, value_end):
                marks |= HIDDEN
        elif size == 6 and spells(data, name_start, name_end, b"hidden"):
            marks |= HIDDEN
        elif (
            size == 11
            and spells(data, name_start, name_end, b"aria-hidden")
            and spells(data, value_start, value_end, b"true")
        ):
            marks |= ARIA_HIDDEN
    return marks


@njit(cache=True, nogil=True)
def _read(data, tag_table, word_table, name_table, role_table, label_table):
    n = data.size
    most = 1
    for at in range(n):
        if data[at] == 60:
            most += 2 if at + 1 < n and data[at + 1] != 47 else 1
    tags, parents = np.empty(most, np.int64), np.empty(most, np.int64)
    starts, ends = np.empty(most, np.int64), np.empty(most, np.int64)
    lasts, marks = np.empty(most, np.int64), np.zeros(most, np.int64)
    count, open_node, at = 0, -1, 0
    while at < n:
        if data[at] != 60:
            start = at
            while at < n and data[at] != 60:
                at += 1
            tags[count], parents[count], lasts[count] = TEXT, open_node, count + 1
            starts[count], ends[count] = start, at
            count += 1
            continue
        at += 1
        if at < n and data[at] == 33:
            if spells(data, at, n, b"!--"):
                at += 3
                while at < n and not (data[at] == 45 and spells(data, at, n, b"-->")):
                    at += 1
                at += 3
            else:
                while at < n and data[at] != 62:
                    at += 1
                at += 1
            continue
        if at < n and data[at] == 63:
            while at < n and data[at] != 62:
                at += 1
            at += 1
            continue
        closing = at < n and data[at] == 47
        if closing:
            at += 1
        name_start = at
        h = fnv_start()
        while at < n and data[at] != 62 and data[at] != 32:
            h = fnv_step(h, np.int64(data[at]))
            at += 1
        name_end = at
        tag = look_up(tag_table[0], tag_table[1], h)
        if closing:
            at += 1
            if open_node >= 0 and not _VOID[tag]:
                lasts[open_node] = count
                open_node = parents[open_node]
            continue
        attributes = at
        while at < n and data[at] != 62:
            # An attribute's name may hold anything but white space, `/`, `>` and, but first, `=`.
            at += 2
            while at < n and data[at] != 61 and data[at] != 32 and data[at] != 62:
                at += 1
            if at + 1 < n and data[at] == 61 and data[at + 1] == 34:
                at += 2
                while at < n and data[at] != 34:
                    at += 1
                at += 1
        at = min(at, n)
        node = count
        tags[node], parents[node], lasts[node] = tag, open_node, count + 1
        starts[node], ends[node] = attributes, at
        if at > attributes:
            marks[node] = _marks_of(data, attributes, at, word_table, name_table, role_table, label_table)
        count += 1
        at += 1
        if _RAW_TEXT[tag]:
            start = at
            at = end_of_script(data, at) if tag == _SCRIPT else _end_of_raw(data, at, name_start, name_end)
            if at > start:
                tags[count], parents[count], lasts[count] = TEXT, node, count + 1
                starts[count], ends[count], marks[count] = start, at, RAW
                count += 1
            lasts[node] = count
            while at < n and data[at] != 62:
                at += 1
            at += 1
        elif not _VOID[tag]:
            open_node = node
    while open_node >= 0:
        lasts[open_node] = count
        open_node = parents[open_node]
    return tags[:count], parents[:count], starts[:count], ends[:count], lasts[:count], marks[:count]

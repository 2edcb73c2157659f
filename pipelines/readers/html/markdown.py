"""Main content as Markdown-like text.

Paragraphs are set apart by a blank line. Headings keep their level as `#`, lists are `- ` or `1. `,
quotations `> `, tables of data pipe rows, `pre` fenced code with its text exactly as it was: the
structure says which lines belong together, and it is the form in which most structured text of
README files, forums and notebooks reaches a model anyway. Emphasis and the targets of links are left
out, they are not text. TeX stays as it was written; formulae are between dollars.
"""

import numpy as np
from numba import njit

from pipelines.readers.html.content import GONE, SHOWN, Content
from pipelines.readers.html.formulae import is_display, put_mathml, put_tex, tex_of
from pipelines.readers.html.marks import TEX_IMAGE
from pipelines.readers.html.names import BLOCKS, TAG, tag_set
from pipelines.readers.html.nodes import RAW, TEXT, Nodes, find_attribute, is_space, spells
from pipelines.readers.html.output import (
    BULLET,
    ESCAPE_PIPES,
    GAP,
    HEADING,
    INLINE,
    ITEM,
    LENGTH,
    LINE,
    LINE_START,
    LISTS,
    PARAGRAPH,
    QUOTES,
    SPACE,
    STATE,
    ask_gap,
    put,
    put_all,
    put_exactly,
    put_text,
    settle,
)

_BLOCK = tag_set(BLOCKS)
_BR, _HR, _IMG, _MATH, _SCRIPT, _PRE, _XMP, _CODE = (
    TAG[n] for n in "br hr img math script pre xmp code".split()
)
_UL, _OL, _MENU, _DIR, _LI, _DT, _DD = (TAG[n] for n in "ul ol menu dir li dt dd".split())
_TABLE, _TR, _TD, _TH = (TAG[n] for n in "table tr td th".split())
_BLOCKQUOTE, _Q, _SUP, _RT = (TAG[n] for n in "blockquote q sup rt".split())
_H1, _H6 = TAG["h1"], TAG["h6"]

_TICK = 96
_BYTES_A_NODE = 64  # marks at the beginning of a line, cells' bars, fences


def markdown(serialised: np.ndarray, nodes: Nodes, content: Content) -> bytes:
    """Write what is shown of a page, as UTF-8 without white space around it, in linear time."""
    if content.root < 0:
        return b""
    out = np.empty(4 * serialised.size + _BYTES_A_NODE * nodes.tags.size, np.uint8)
    length = _write(out, serialised, *nodes, *content)
    return out[:length].tobytes().strip()


@njit(cache=True, nogil=True)
def _put_language(out, state, data, start, end):
    """Write the language that a class attribute names; false where it names none."""
    value, value_end = find_attribute(data, start, end, b"class")
    at = value
    while at >= 0 and at < value_end:
        while at < value_end and is_space(data[at]):
            at += 1
        size = 0
        if spells(data, at, value_end, b"language-"):
            size = 9
        elif spells(data, at, value_end, b"lang-"):
            size = 5
        elif spells(data, at, value_end, b"highlight-source-"):
            size = 17
        elif spells(data, at, value_end, b"highlight-"):
            size = 10
        elif spells(data, at, value_end, b"brush:"):
            size = 6
            while at + size < value_end and is_space(data[at + size]):
                size += 1
        if size:
            at += size
            before = state[LENGTH]
            while at < value_end and state[LENGTH] - before < 20:
                byte = data[at]
                if not (97 <= (byte | 32) <= 122 or 48 <= byte <= 57 or byte in (35, 43)):
                    break
                put(out, state, byte)
                at += 1
            if state[LENGTH] > before:
                return True
        while at < value_end and not is_space(data[at]):
            at += 1
    return False


@njit(cache=True, nogil=True)
def _put_code(out, state, data, tags, parents, starts, ends, lasts, marks, shown, pre):
    """Write a pre element as a fenced block."""
    ticks, run, visible = 2, 0, False
    for i in range(pre + 1, lasts[pre]):
        if tags[i] == TEXT and shown[i] == SHOWN:
            for k in range(starts[i], ends[i]):
                run = run + 1 if data[k] == _TICK else 0
                ticks = max(ticks, run)
                visible |= data[k] > 32
    if not visible:
        return
    inline = state[INLINE]
    state[INLINE] = 0
    state[SPACE] = 0
    ask_gap(state, PARAGRAPH)
    settle(out, state)
    for _ in range(ticks + 1):
        put(out, state, _TICK)
    told = _put_language(out, state, data, starts[pre], ends[pre])
    inner = pre + 1
    if not told and inner < lasts[pre] and tags[inner] == _CODE:
        told = _put_language(out, state, data, starts[inner], ends[inner])
    around = parents[pre]
    for _ in range(2):
        if not told and around >= 0:
            told = _put_language(out, state, data, starts[around], ends[around])
            around = parents[around]
    put(out, state, 10)
    begin = state[LENGTH]
    for i in range(pre + 1, lasts[pre]):
        if shown[i] != SHOWN:
            continue
        if tags[i] == TEXT:
            if tags[parents[i]] != _SCRIPT:
                put_exactly(out, state, data, starts[i], ends[i], marks[i] & RAW != 0)
        elif tags[i] == _BR or (_BLOCK[tags[i]] and state[LENGTH] > begin and out[state[LENGTH] - 1] != 10):
            put(out, state, 10)
    if out[state[LENGTH] - 1] != 10:
        put(out, state, 10)
    for _ in range(ticks + 1):
        put(out, state, _TICK)
    state[INLINE] = inline
    ask_gap(state, PARAGRAPH)


@njit(cache=True, nogil=True)
def _is_short_code(data, tags, starts, ends, lasts, shown, code):
    """Whether inline code can stand between ticks."""
    visible = False
    for i in range(code + 1, lasts[code]):
        if tags[i] != TEXT:
            if _BLOCK[tags[i]] or tags[i] == _BR or tags[i] == _MATH or tags[i] == _IMG:
                return False
        elif shown[i] == SHOWN:
            for k in range(starts[i], ends[i]):
                if data[k] == _TICK or data[k] == 10:
                    return False
                visible |= data[k] > 32
    return visible


@njit(cache=True, nogil=True)
def _is_exponent(out, state, data, tags, starts, ends, lasts, sup):
    """Whether raised text, `10<sup>6</sup>`, would change its meaning when set on the line."""
    n = state[LENGTH]
    if state[GAP] or state[SPACE] or n == 0 or lasts[sup] != sup + 2 or tags[sup + 1] != TEXT:
        return False
    before, start = out[n - 1], starts[sup + 1]
    if not (48 <= before <= 57 or 97 <= (before | 32) <= 122 or before == 41):
        return False
    first, size = data[start], ends[sup + 1] - start
    if 48 <= first <= 57 or first in (43, 45):
        return True
    return size == 1 and 97 <= (first | 32) <= 122


@njit(cache=True, nogil=True)
def _same_text(data, start, end, other, other_end):
    if other < 0 or end - start != other_end - other:
        return False
    while start < end and data[start] == data[other]:
        start += 1
        other += 1
    return start == end


@njit(cache=True, nogil=True)
def _first_number(data, start, end):
    """What an ol element's attribute `start` says."""
    value, value_end = find_attribute(data, start, end, b"start")
    number = 0
    for k in range(value, value_end):
        if not 48 <= data[k] <= 57 or number > 99_999_999:
            return 1
        number = 10 * number + data[k] - 48
    return max(number, 1)


@njit(cache=True, nogil=True)
def _write(out, data, tags, parents, starts, ends, lasts, marks, root, shown, is_data, chars):
    state = np.zeros(STATE, np.int64)
    state[GAP] = PARAGRAPH
    most = lasts[root] - root + 1
    opened = np.empty(most, np.int64)
    next_number = np.empty(most, np.int64)  # of the items of open lists
    list_level = 0
    depth = 0
    data_table, rows, cells = -1, 0, 0
    in_code = -1
    tex, tex_end = -1, -1
    i = root
    while True:
        while depth > 0 and lasts[opened[depth - 1]] <= i:
            depth -= 1
            node = opened[depth]
            tag = tags[node]
            if tag == _CODE:
                put(out, state, _TICK)
                in_code = -1
            elif tag == _Q:
                put(out, state, 34)
            elif tag == _RT:
                put(out, state, 41)
            elif data_table >= 0 and tag in (_TD, _TH):
                put_all(out, state, b" |")
                state[SPACE] = state[GAP] = 0
                state[INLINE] -= 1
                state[ESCAPE_PIPES] = 0
            elif data_table >= 0 and tag == _TR:
                if rows == 1 and cells > 0:
                    put_all(out, state, b"\n|")
                    for _ in range(cells):
                        put_all(out, state, b" --- |")
                ask_gap(state, LINE)
            elif data_table == node:
                data_table = -1
                ask_gap(state, PARAGRAPH)
            elif tag in (_UL, _OL, _MENU, _DIR):
                if state[LISTS] > 0:
                    state[LISTS] -= 1
                    list_level -= 1
                ask_gap(state, PARAGRAPH)
            elif tag == _LI:
                state[ITEM] = 0
                ask_gap(state, LINE)
            elif tag == _BLOCKQUOTE:
                ask_gap(state, PARAGRAPH)
                state[QUOTES] -= 1
            elif _H1 <= tag <= _H6:
                state[INLINE] -= 1
                state[HEADING] = 0
                ask_gap(state, PARAGRAPH)
            elif tag in (_DT, _DD):
                ask_gap(state, LINE)
            else:
                ask_gap(state, PARAGRAPH)
        if i >= lasts[root]:
            return state[LENGTH]
        tag = tags[i]
        if shown[i] == GONE:
            i = lasts[i]
            continue
        if tag == TEXT:
            put_text(out, state, data, starts[i], ends[i], marks[i] & RAW != 0)
            i += 1
            continue
        if tag == _MATH:
            start, end = tex_of(data, tags, starts, ends, lasts, i)
            if end > start:
                put_tex(out, state, data, start, end, False, is_display(data, starts[i], ends[i]))
                tex, tex_end = start, end
            elif chars[i] > 0:
                put_mathml(out, state, data, tags, starts, ends, lasts, marks, i)
            i = lasts[i]
            continue
        if tag == _SCRIPT:
            if i + 1 < lasts[i]:
                put_tex(
                    out, state, data, starts[i + 1], ends[i + 1], True, is_display(data, starts[i], ends[i])
                )
            i = lasts[i]
            continue
        if tag in (_PRE, _XMP) and shown[i] == SHOWN:
            _put_code(out, state, data, tags, parents, starts, ends, lasts, marks, shown, i)
            i = lasts[i]
            continue
        if tag == _IMG:
            if marks[i] & TEX_IMAGE:
                start, end = find_attribute(data, starts[i], ends[i], b"alt")
                if end > start and not _same_text(data, start, end, tex, tex_end):
                    put_tex(out, state, data, start, end, False, False)
        elif tag == _BR:
            ask_gap(state, PARAGRAPH if state[GAP] else LINE)
        elif tag == _HR:
            ask_gap(state, PARAGRAPH)
        elif tag == _CODE:
            if in_code < 0 and chars[i] > 0 and _is_short_code(data, tags, starts, ends, lasts, shown, i):
                settle(out, state)
                put(out, state, _TICK)
                in_code = i
                opened[depth] = i
                depth += 1
        elif tag in (_Q, _RT):
            settle(out, state)
            put(out, state, 34 if tag == _Q else 40)
            opened[depth] = i
            depth += 1
        elif tag == _SUP:
            if _is_exponent(out, state, data, tags, starts, ends, lasts, i):
                put(out, state, 94)
        elif tag > 0 and _BLOCK[tag]:
            if tag == _TABLE and is_data[i] and data_table < 0:
                ask_gap(state, PARAGRAPH)
                data_table, rows = i, 0
            elif data_table >= 0 and tag == _TR:
                if chars[i] == 0:
                    i = lasts[i]
                    continue
                rows += 1
                cells = 0
                ask_gap(state, LINE)
            elif data_table >= 0 and tag in (_TD, _TH):
                if cells == 0:
                    settle(out, state)
                    put(out, state, 124)
                cells += 1
                put(out, state, 32)
                state[SPACE] = 0
                state[LINE_START] = state[LENGTH]
                state[INLINE] += 1
                state[ESCAPE_PIPES] = 1
            elif tag in (_UL, _OL, _MENU, _DIR):
                ask_gap(state, PARAGRAPH)
                state[LISTS] += 1
                next_number[list_level] = _first_number(data, starts[i], ends[i]) if tag == _OL else BULLET
                list_level += 1
            elif tag == _LI:
                ask_gap(state, LINE)
                if state[INLINE] == 0:
                    state[ITEM] = BULLET
                    if list_level > 0 and next_number[list_level - 1] != BULLET:
                        state[ITEM] = next_number[list_level - 1]
                        next_number[list_level - 1] += 1
            elif tag == _BLOCKQUOTE:
                ask_gap(state, PARAGRAPH)
                state[QUOTES] += 1
            elif _H1 <= tag <= _H6:
                ask_gap(state, PARAGRAPH)
                if state[INLINE] == 0:
                    state[HEADING] = 1 + tag - _H1
                state[INLINE] += 1
            elif tag in (_DT, _DD):
                ask_gap(state, LINE)
            else:
                ask_gap(state, PARAGRAPH)
            opened[depth] = i
            depth += 1
        i += 1

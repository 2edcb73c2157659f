"""Which nodes of a page are its main content.

Four passes over the nodes, each linear: what is never shown goes; then what names itself boilerplate,
unless it holds much of the page's prose (a class may say `has-sidebar` of the whole page); then blocks
that are mostly links; last, the smallest element that holds most of the prose is the content's root.
The Phi-4 report names tags, classes and length of text for this; the weights are ours, chosen on the test
pages of mozilla/readability and adbar/trafilatura (benchmarks/html_fidelity.py).
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from pipelines.readers.html.marks import (
    BOILERPLATE,
    BYLINE,
    COMMENTS,
    GALLERY,
    LAYOUT,
    MATH_SHOWN,
    MATH_SOURCE,
    UNSEEN,
)
from pipelines.readers.html.names import BLOCKS, NEVER_SHOWN, TAG, tag_set
from pipelines.readers.html.nodes import ARIA_HIDDEN, HIDDEN, TEXT, Nodes, find_attribute

SHOWN, GONE, ONLY_MATH = 0, 1, 2

PROSE_BYTES = 50  # a block of less text may be a label, a button or a date
PROSE_LINKS = 0.4
KEPT_SHARE = 0.5  # of the page's prose: what holds more is content, whatever its class says
ARTICLE_BYTES = 1500  # of prose: a page with so much beside its comments or pictures is about that
LINK_SHARE = 0.5
ROOT_SHARE = 0.9
LAYOUT_CELL_BYTES = 600

_NEVER, _BLOCK = tag_set(NEVER_SHOWN), tag_set(BLOCKS)
_SOFT = tag_set(
    "div section aside footer header nav ul ol dl li p form span table blockquote figure address details h2 h3 h4 "
    "h5 h6 hgroup main article center sup a i em small strong b"
)
_CLUSTER = tag_set("div section ul ol dl p header form table center hgroup h2 h3 h4 h5 h6")
_WRAPPER = tag_set("div section article main table tbody tr td form center span body")
_A, _BODY, _H1, _H2, _FORM, _MATH, _PRE, _XMP, _SCRIPT, _CODE, _NAV, _ASIDE, _FOOTER = (
    TAG[name] for name in "a body h1 h2 form math pre xmp script code nav aside footer".split()
)
_TABLE, _TR, _TD, _TH, _CAPTION = (TAG[name] for name in "table tr td th caption".split())


class Content(NamedTuple):
    """What is to be shown of the n nodes of a page.

    root: number of the content's root, -1 for a page without a body.
    state: uint8[n], SHOWN, GONE or ONLY_MATH (what is shown of it is formulae).
    is_data: bool[n], true for tables that hold data and are not there for the layout.
    chars: int64[n], visible bytes of a node and all it contains.
    """

    root: int
    state: np.ndarray
    is_data: np.ndarray
    chars: np.ndarray


def main_content(serialised: np.ndarray, nodes: Nodes) -> Content:
    """Find the main content of a page, in linear time."""
    return Content(*_main_content(serialised, *nodes))


@njit(cache=True, nogil=True)
def _visible_bytes(data, start, end):
    count = 0
    for at in range(start, end):
        if data[at] > 32:
            count += 1
    return count


@njit(cache=True, nogil=True)
def holds_tex(data, start, end):
    """Whether the attributes of a script say that its text is TeX."""
    value, value_end = find_attribute(data, start, end, b"type")
    return value >= 0 and value_end - value >= 8 and (
        data[value] == 109 and data[value + 1] == 97 and data[value + 4] == 47 and data[value + 5] == 116
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _hide(data, tags, parents, starts, ends, lasts, marks, state):
    """The first pass. Returns the body's number."""
    n = tags.size
    body = -1
    tex_scripts = False
    maths = np.zeros(n + 1, np.int64)  # of the nodes before
    for i in range(n):
        maths[i + 1] = maths[i] + (tags[i] == _MATH)
        if tags[i] == _BODY and body < 0:
            body = i
        if tags[i] == _SCRIPT and holds_tex(data, starts[i], ends[i]):
            tex_scripts = True
    for i in range(n):
        parent = parents[i]
        above = SHOWN if parent < 0 else state[parent]
        tag = tags[i]
        if above == GONE:
            state[i] = GONE
            continue
        if tag == TEXT:
            state[i] = GONE if above == ONLY_MATH else above
            continue
        if tag == _SCRIPT:
            state[i] = SHOWN if holds_tex(data, starts[i], ends[i]) else GONE
            continue
        if _NEVER[tag] or marks[i] & HIDDEN or (marks[i] & ARIA_HIDDEN and tag != _MATH):
            if marks[i] & MATH_SOURCE and maths[lasts[i]] > maths[i] and not _NEVER[tag]:
                state[i] = ONLY_MATH
            else:
                state[i] = GONE
            continue
        if marks[i] & MATH_SHOWN and tag != _BODY and lasts[i] - i < 4000:
            if tex_scripts:
                state[i] = GONE
                continue
            if maths[lasts[i]] > maths[i]:
                state[i] = ONLY_MATH
                continue
        state[i] = SHOWN if tag == _MATH else above
    return body


@njit(cache=True, nogil=True)
def _weigh(tags, parents, state, sizes, chars, links, prose, code):
    """Visible bytes, those within links, those of prose, and pre elements, of nodes and what they contain."""
    n = tags.size
    chars[:] = 0
    links[:] = 0
    prose[:] = 0
    code[:] = 0
    own, own_links = np.zeros(n, np.int64), np.zeros(n, np.int64)
    block = np.empty(n, np.int64)
    in_link = np.zeros(n, np.bool_)
    for i in range(n):
        parent = parents[i]
        if tags[i] == TEXT:
            if state[i] == SHOWN and parent >= 0:
                chars[i] = sizes[i]
                own[block[parent]] += sizes[i]
                if in_link[parent]:
                    links[i] = sizes[i]
                    own_links[block[parent]] += sizes[i]
            continue
        if parent < 0 or _BLOCK[tags[i]]:
            block[i] = i
        else:
            block[i] = block[parent]
        in_link[i] = tags[i] == _A or (parent >= 0 and in_link[parent])
        code[i] = (tags[i] in (_PRE, _XMP)) and state[i] == SHOWN
    for i in range(n - 1, -1, -1):
        if own[i] >= PROSE_BYTES and own_links[i] <= PROSE_LINKS * own[i]:
            prose[i] += own[i]
        parent = parents[i]
        if parent >= 0 and state[i] != GONE:
            chars[parent] += chars[i]
            links[parent] += links[i]
            prose[parent] += prose[i]
            code[parent] += code[i]


@njit(cache=True, nogil=True)
def _data_tables(tags, parents, marks, state, chars, is_data):
    """Tables of at least two rows and columns, without a table, code or headings in them.

    A table that names itself a layout table, or without header cells has a long cell, is none.
    """
    n = tags.size
    table = np.full(n, -1, np.int64)
    rows, columns, cells = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    headed, broken = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    longest = np.zeros(n, np.int64)
    row = np.full(n, -1, np.int64)
    for i in range(n):
        parent, tag = parents[i], tags[i]
        around = -1 if parent < 0 else table[parent]
        table[i] = i if tag == _TABLE else around
        row[i] = i if tag == _TR else (-1 if parent < 0 or tag == _TABLE else row[parent])
        if around < 0 or state[i] != SHOWN:
            continue
        if tag in (_TABLE, _PRE, _XMP, _H1, _H2, _FORM):
            broken[around] = True
        elif tag == _TR:
            rows[around] += chars[i] > 0
        elif tag in (_TD, _TH):
            if tag == _TH:
                headed[around] = True
            longest[around] = max(longest[around], chars[i])
            if row[i] >= 0:
                cells[row[i]] += 1
                columns[around] = max(columns[around], cells[row[i]])
        elif tag == _CAPTION:
            headed[around] = True
    for i in range(n):
        if tags[i] == _TABLE:
            is_data[i] = (
                not broken[i]
                and not marks[i] & LAYOUT
                and rows[i] >= 2
                and columns[i] >= 2
                and (headed[i] or longest[i] < LAYOUT_CELL_BYTES)
            )


@njit(cache=True, nogil=True)
def _cut_named(tags, lasts, marks, state, prose, code, total):
    """The second pass: what its tag or class calls boilerplate."""
    n = tags.size
    aside_of = 0
    i = 0
    while i < n:
        if tags[i] != TEXT and marks[i] & (COMMENTS | GALLERY) and tags[i] != _BODY:
            aside_of += prose[i]
            i = lasts[i]
        else:
            i += 1
    besides = COMMENTS | GALLERY if total - aside_of >= min(ARTICLE_BYTES, aside_of) else 0
    i = 0
    while i < n:
        tag = tags[i]
        if tag in (_PRE, _XMP, _MATH, _CODE) or marks[i] & MATH_SHOWN:
            i = lasts[i]
            continue
        if tag >= 0 and state[i] != GONE and (tag == 0 or _SOFT[tag]):
            named = tag in (_ASIDE, _FOOTER) or marks[i] & (BOILERPLATE | BYLINE | UNSEEN)
            if (
                tag == _NAV
                or marks[i] & besides
                or (named and prose[i] <= KEPT_SHARE * total and not code[i])
            ):
                state[i] = GONE
                i = lasts[i]
                continue
        i += 1


@njit(cache=True, nogil=True)
def _cut_links(tags, lasts, state, chars, links, prose, code, is_data, total):
    """The third pass: blocks that are mostly links."""
    n = tags.size
    headings = np.zeros(n + 1, np.int64)
    for i in range(n):
        headings[i + 1] = headings[i] + (tags[i] == _H1)
    i = 0
    while i < n:
        tag = tags[i]
        if tag == _TABLE and is_data[i]:
            i = lasts[i]
            continue
        if (
            tag >= 0
            and state[i] != GONE
            and (tag == 0 or _CLUSTER[tag])
            and links[i] > LINK_SHARE * chars[i]
            and prose[i] <= KEPT_SHARE * total
            and not code[i]
            and headings[lasts[i]] == headings[i]
        ):
            state[i] = GONE
            i = lasts[i]
        else:
            i += 1


@njit(cache=True, nogil=True)
def _spread(parents, state):
    for i in range(parents.size):
        if parents[i] >= 0 and state[parents[i]] == GONE:
            state[i] = GONE


@njit(cache=True, nogil=True)
def _main_content(data, tags, parents, starts, ends, lasts, marks):
    n = tags.size
    state = np.zeros(n, np.uint8)
    is_data = np.zeros(n, np.bool_)
    body = _hide(data, tags, parents, starts, ends, lasts, marks, state)
    if body < 0:
        return -1, state, is_data, np.zeros(n, np.int64)
    sizes = np.zeros(n, np.int64)
    for i in range(n):
        if tags[i] == TEXT:
            sizes[i] = _visible_bytes(data, starts[i], ends[i])
    chars, links = np.zeros(n, np.int64), np.zeros(n, np.int64)
    prose, code = np.zeros(n, np.int64), np.zeros(n, np.int64)
    _weigh(tags, parents, state, sizes, chars, links, prose, code)
    _data_tables(tags, parents, marks, state, chars, is_data)
    _cut_named(tags, lasts, marks, state, prose, code, prose[body])
    _spread(parents, state)
    _weigh(tags, parents, state, sizes, chars, links, prose, code)
    _cut_links(tags, lasts, state, chars, links, prose, code, is_data, prose[body])
    _spread(parents, state)
    _weigh(tags, parents, state, sizes, chars, links, prose, code)
    root = body
    total = prose[body]
    while total > 0:
        inner = -1
        i = root + 1
        while i < lasts[root]:
            if tags[i] >= 0 and (tags[i] == 0 or _WRAPPER[tags[i]]) and prose[i] >= ROOT_SHARE * total:
                inner = i
                break
            i = lasts[i]
        if inner < 0 or (tags[inner] == _TABLE and is_data[inner]):
            break
        root = inner
    return root, state, is_data, chars

"""Formulae: TeX as it was written, and MathML that carries none as a line of text."""

import numpy as np
from numba import njit

from pipelines.readers.html.names import TAG
from pipelines.readers.html.nodes import RAW, TEXT, find_attribute, holds, is_space, spells
from pipelines.readers.html.output import INLINE, LENGTH, put, put_all, put_exactly, put_text, settle

_ANNOTATION, _ANNOTATION_XML = TAG["annotation"], TAG["annotation-xml"]
_MFRAC, _MROOT, _MSQRT, _MSUB, _MSUP, _MSUBSUP = (
    TAG[name] for name in "mfrac mroot msqrt msub msup msubsup".split()
)
_MUNDER, _MOVER, _MUNDEROVER, _MTR, _MTD = (TAG[name] for name in "munder mover munderover mtr mtd".split())


@njit(cache=True, nogil=True)
def _trimmed(data, start, end):
    while start < end and is_space(data[start]):
        start += 1
    while end > start and is_space(data[end - 1]):
        end -= 1
    return start, end


@njit(cache=True, nogil=True)
def put_tex(out, state, data, start, end, raw, display):
    """Write a formula between dollars, unless it brings its own delimiters."""
    start, end = _trimmed(data, start, end)
    if start == end:
        return
    settle(out, state)
    bare = not (
        data[start] == 36
        or spells(data, start, end, b"\\(")
        or spells(data, start, end, b"\\[")
        or spells(data, start, end, b"\\begin{")
    )
    if bare:
        put_all(out, state, b"$$" if display else b"$")
    before = state[LENGTH]
    put_exactly(out, state, data, start, end, raw)
    if state[INLINE] > 0:
        for k in range(before, state[LENGTH]):
            if out[k] == 10 or out[k] == 13:
                out[k] = 32
    if bare:
        put_all(out, state, b"$$" if display else b"$")


@njit(cache=True, nogil=True)
def tex_of(data, tags, starts, ends, lasts, math):
    """Byte span of the TeX that a math element carries; (-1, -1) where it carries none."""
    for i in range(math + 1, lasts[math]):
        if tags[i] == _ANNOTATION and i + 1 < lasts[i] and tags[i + 1] == TEXT:
            value, value_end = find_attribute(data, starts[i], ends[i], b"encoding")
            if holds(data, value, value_end, b"tex"):
                return starts[i + 1], ends[i + 1]
    return find_attribute(data, starts[math], ends[math], b"alttext")


@njit(cache=True, nogil=True)
def is_display(data, start, end):
    """Whether the attributes of a math element or script ask for a line of its own."""
    value, value_end = find_attribute(data, start, end, b"display")
    if value >= 0 and spells(data, value, value_end, b"block"):
        return True
    value, value_end = find_attribute(data, start, end, b"type")
    return holds(data, value, value_end, b"display")


@njit(cache=True, nogil=True)
def put_mathml(out, state, data, tags, starts, ends, lasts, marks, math):
    """Write MathML as one line: a/b, a^b, a_b, sqrt(a), with brackets around what is composed."""
    settle(out, state)
    most = lasts[math] - math
    open_nodes, closers = np.empty(most, np.int64), np.empty(most, np.uint8)
    children = np.zeros(most, np.int64)
    depth = 0
    i = math
    while True:
        while depth > 0 and lasts[open_nodes[depth - 1]] <= i:
            depth -= 1
            if closers[depth]:
                put(out, state, closers[depth])
        if i >= lasts[math]:
            return
        tag = tags[i]
        if tag == TEXT:
            start, end = _trimmed(data, starts[i], ends[i])
            put_text(out, state, data, start, end, marks[i] & RAW != 0)
            i += 1
            continue
        if tag in (_ANNOTATION, _ANNOTATION_XML):
            i = lasts[i]
            continue
        closer = np.uint8(0)
        if depth > 0:
            above = tags[open_nodes[depth - 1]]
            child = children[depth - 1]
            children[depth - 1] += 1
            scripted = above in (_MSUB, _MSUP, _MSUBSUP, _MUNDER, _MOVER, _MUNDEROVER)
            if child > 0:
                if above == _MFRAC:
                    put(out, state, 47)
                elif above == _MROOT or tags[i] == _MTD:
                    put(out, state, 44)
                elif tags[i] == _MTR:
                    put(out, state, 59)
                elif scripted:
                    upper = above in (_MSUP, _MOVER) or child == 2
                    put(out, state, 94 if upper else 95)
            if scripted or above == _MFRAC:
                texts = 0
                for k in range(i + 1, min(lasts[i], i + 12)):
                    texts += tags[k] == TEXT and ends[k] > starts[k] and not is_space(data[starts[k]])
                if texts > 1 and tag != _MSQRT and tag != _MROOT:
                    put(out, state, 40)
                    closer = np.uint8(41)
        if tag in (_MSQRT, _MROOT):
            put_all(out, state, b"sqrt(" if tag == _MSQRT else b"root(")
            closer = np.uint8(41)
        open_nodes[depth], closers[depth], children[depth] = i, closer, 0
        depth += 1
        i += 1

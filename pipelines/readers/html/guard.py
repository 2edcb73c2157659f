"""Pages that would cost a parser time or memory out of all proportion, made harmless.

What the HTML standard asks of a parser is not linear: an end tag looks through all open elements, a tag's
attributes are each compared with those before, and unclosed formatting elements (`font`, `b`, ...) are made
anew in every paragraph, so that 60 KB can become 4 GB. The guard tokenises a page beforehand as the standard's
tokeniser would and, only where a limit is passed, leaves tags or attributes out. Text always stays.
"""

import numpy as np
from numba import njit

from pipelines.readers.html.names import BLOCKS, TAG, TAG_TABLE, VOID, fnv_start, fnv_step, look_up, tag_set
from pipelines.readers.html.nodes import end_of_script, ends_name, is_space, spells

MOST_DEPTH = 256
MOST_ATTRIBUTES = 1000
MOST_OPTIONS = 1000
MOST_REMADE = 4_000_000  # formatting elements: kinds of them times tags

_FORMATTING = tag_set("b big code em font i nobr s small strike strong tt u")
_TAKEN_OUT = tag_set("form b big code em font i nobr s small strike strong tt u")  # without what they contain
_RAW = tag_set("script style xmp iframe noembed noframes textarea title")
_VOID, _BLOCK = tag_set(VOID), tag_set(BLOCKS)
_SPECIAL = tag_set(BLOCKS + " button marquee object select template iframe noscript summary search")
_SCOPE = tag_set("table td th caption object template html")
_LIST_SCOPE, _ROW_SCOPE, _TABLE_SCOPE = (
    tag_set("ul ol dl menu table td th"),
    tag_set("tr table"),
    tag_set("table"),
)
_ITEM, _DEFINITION, _CELL = tag_set("li"), tag_set("dt dd"), tag_set("td th")
_ROW, _ROW_GROUP, _OPTION_SET = tag_set("tr"), tag_set("tbody thead tfoot"), tag_set("option")
_SCRIPT, _P, _OPTION, _SVG, _MATH = (TAG[name] for name in "script p option svg math".split())

_KINDS = 1 << 14
_PASSED_FORMATTING, _PASSED_OTHER = 1, 2


def defuse(html: bytes) -> bytes:
    """Return the page, or where it passes a limit a page without the tags and attributes beyond it."""
    data = np.frombuffer(html, np.uint8)
    nothing = np.empty(0, np.uint8)
    _, passed = _scan(data, nothing, 0, TAG_TABLE)
    if not passed:
        return html
    out = np.empty(data.size + 1, np.uint8)
    size, _ = _scan(data, out, passed, TAG_TABLE)
    return out[:size].tobytes()


@njit(cache=True, nogil=True)
def _end_of_comment(data, at):
    """Where the markup ends that begins with `<!`, `<?` or `</` and no letter."""
    n = data.size
    if spells(data, at, n, b"<!--"):
        at += 4
        if at < n and data[at] == 62:
            return at + 1
        if spells(data, at, n, b"->"):
            return at + 2
        while at < n:
            if data[at] == 45 and (spells(data, at, n, b"-->") or spells(data, at, n, b"--!>")):
                return at + (3 if data[at + 2] == 62 else 4)
            at += 1
        return n
    while at < n and data[at] != 62:
        at += 1
    return min(at + 1, n)


@njit(cache=True, nogil=True)
def _end_of_tag(data, at):
    """Behind a tag whose name ends before at; where its attributes beyond the limit begin, or -1."""
    n = data.size
    attributes, beyond = 0, -1
    while at < n:
        while at < n and (is_space(data[at]) or data[at] == 47):
            at += 1
        if at >= n or data[at] == 62:
            break
        attributes += 1
        if attributes == MOST_ATTRIBUTES + 1:
            beyond = at
        at += 1
        while at < n and data[at] != 61 and data[at] != 62 and data[at] != 47 and not is_space(data[at]):
            at += 1
        after = at
        while after < n and is_space(data[after]):
            after += 1
        if after < n and data[after] == 61:
            at = after + 1
            while at < n and is_space(data[at]):
                at += 1
            if at < n and (data[at] == 34 or data[at] == 39):
                quote = data[at]
                at += 1
                while at < n and data[at] != quote:
                    at += 1
                at += 1
            else:
                while at < n and data[at] != 62 and not is_space(data[at]):
                    at += 1
    return min(at + 1, n), beyond


@njit(cache=True, nogil=True)
def _end_of_raw(data, at, name_start, name_end):
    n, size = data.size, name_end - name_start
    while at < n:
        if data[at] == 60 and at + 2 + size <= n and data[at + 1] == 47:
            same = True
            for k in range(size):
                if (data[at + 2 + k] | 32) != (data[name_start + k] | 32):
                    same = False
                    break
            if same and ends_name(data, at + 2 + size):
                return at
        at += 1
    return n


@njit(forceinline=True)
def _closed(stack, depth, ends, barrier):
    """The depth after an element's start implied the end of the nearest one of a set."""
    k = depth - 1
    while k >= 0 and not barrier[stack[k]]:
        if ends[stack[k]]:
            return k
        k -= 1
    return depth


@njit(cache=True, nogil=True)
def _after_end_tag(stack, names, depth, tag, name):
    k = depth - 1
    while k >= 0 and names[k] != name:
        if _SCOPE[stack[k]] and not _SCOPE[tag]:
            return depth
        if _SPECIAL[stack[k]] and not _SPECIAL[tag] and not _TAKEN_OUT[tag]:
            return depth
        k -= 1
    if k < 0:
        return depth
    if _TAKEN_OUT[tag]:
        for j in range(k, depth - 1):
            stack[j], names[j] = stack[j + 1], names[j + 1]
        return depth - 1
    return k


@njit(cache=True, nogil=True)
def _scan(data, out, passed, tag_table):
    """Tokenise a page; write it without what is beyond the limits if out has room, else say which are passed."""
    n, write = data.size, out.size > 0
    stack, names = np.zeros(MOST_DEPTH, np.int64), np.zeros(MOST_DEPTH, np.uint64)
    kinds, times = np.zeros(_KINDS, np.uint64), np.zeros(_KINDS, np.int64)
    depth, foreign, options, tags, remade, remade_bytes = 0, 0, 0, 0, 0, 0
    size, at = 0, 0
    found = 0
    while at < n:
        start = at
        while at < n and data[at] != 60:
            at += 1
        if write:
            for k in range(start, at):
                out[size] = data[k]
                size += 1
        if at >= n:
            break
        start = at
        closing = at + 1 < n and data[at + 1] == 47
        at += 2 if closing else 1
        if at >= n or not 97 <= (data[at] | 32) <= 122:
            if at < n and (closing or data[at] == 33 or data[at] == 63):
                at = _end_of_comment(data, start)
            if write:
                for k in range(start, min(at, n)):
                    out[size] = data[k]
                    size += 1
            continue
        name_start = at
        name = fnv_start()
        while at < n and data[at] != 62 and data[at] != 47 and not is_space(data[at]):
            name = fnv_step(name, np.int64(data[at]))
            at += 1
        name_end = at
        tag = look_up(tag_table[0], tag_table[1], name)
        at, beyond = _end_of_tag(data, at)
        end = behind = at
        tags += 1
        keep = True
        if closing:
            if tag in (_SVG, _MATH):
                foreign = max(foreign - 1, 0)
            depth = _after_end_tag(stack, names, depth, tag, name)
            keep = not (passed & _PASSED_FORMATTING and _FORMATTING[tag])
        else:
            if _FORMATTING[tag]:
                kind = fnv_start()
                for k in range(name_start, at):
                    kind = fnv_step(kind, np.int64(data[k]))
                slot = kind & np.uint64(_KINDS - 1)
                probes = 0
                while kinds[slot] != kind and kinds[slot] != 0 and probes < 8:
                    slot = (slot + np.uint64(1)) & np.uint64(_KINDS - 1)
                    probes += 1
                kinds[slot] = kind
                times[slot] += 1
                if times[slot] <= 3 or probes == 8:
                    remade += 1
                    remade_bytes += at - start
                keep = not passed & _PASSED_FORMATTING
            if tag == _OPTION:
                options += 1
                if options > MOST_OPTIONS:
                    keep = False
                    found |= _PASSED_OTHER
            if _BLOCK[tag]:
                k = depth - 1
                while k >= 0 and not _SPECIAL[stack[k]]:
                    k -= 1
                if k >= 0 and stack[k] == _P:
                    depth = k
            if _ITEM[tag]:
                depth = _closed(stack, depth, _ITEM, _LIST_SCOPE)
            elif _DEFINITION[tag]:
                depth = _closed(stack, depth, _DEFINITION, _LIST_SCOPE)
            elif _CELL[tag]:
                depth = _closed(stack, depth, _CELL, _ROW_SCOPE)
            elif _ROW[tag]:
                depth = _closed(stack, depth, _ROW, _TABLE_SCOPE)
            elif _ROW_GROUP[tag]:
                depth = _closed(stack, depth, _ROW_GROUP, _TABLE_SCOPE)
            elif tag == _OPTION:
                depth = _closed(stack, depth, _OPTION_SET, _SPECIAL)
            if keep and not _VOID[tag] and not (foreign and data[at - 2] == 47):
                if depth == MOST_DEPTH:
                    keep = False
                    found |= _PASSED_OTHER
                else:
                    stack[depth], names[depth] = tag, name
                    depth += 1
                    foreign += tag in (_SVG, _MATH)
            if beyond >= 0:
                found |= _PASSED_OTHER
                end = beyond
            if _RAW[tag] and not foreign:
                keep = True
                behind = at
                at = (
                    end_of_script(data, at) if tag == _SCRIPT else _end_of_raw(data, at, name_start, name_end)
                )
        if write and keep:
            for k in range(start, end):
                out[size] = data[k]
                size += 1
            if beyond == end:
                out[size] = 62
                size += 1
            for k in range(behind, at):
                out[size] = data[k]
                size += 1
    if remade * tags > MOST_REMADE or remade_bytes * tags > 100 * MOST_REMADE:
        found |= _PASSED_FORMATTING
    return size, found

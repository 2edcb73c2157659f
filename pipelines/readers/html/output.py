"""The text under way: bytes written so far and the white space that waits for the next of them."""

import numpy as np
from numba import njit

# Places in the state of the output, int64[STATE].
LENGTH, GAP, SPACE, INLINE, LINE_START, LISTS, QUOTES, ITEM, HEADING, ESCAPE_PIPES = range(10)
STATE = 10
BULLET = -1
LINE, PARAGRAPH = 1, 2
_MOST_INDENTED = 8


@njit(forceinline=True)
def put(out, state, byte):
    out[state[LENGTH]] = byte
    state[LENGTH] += 1


@njit(cache=True, nogil=True)
def put_all(out, state, text):
    for k in range(len(text)):
        out[state[LENGTH]] = text[k]
        state[LENGTH] += 1


@njit(cache=True, nogil=True)
def put_number(out, state, number):
    digits = 1
    while number >= 10**digits and digits < 18:
        digits += 1
    for k in range(digits - 1, -1, -1):
        out[state[LENGTH]] = 48 + number // 10**k % 10
        state[LENGTH] += 1


@njit(forceinline=True)
def ask_gap(state, gap):
    """Begin a new line or paragraph with what comes next; where all is one line, a space."""
    if state[INLINE] > 0:
        state[SPACE] = 1
    else:
        state[GAP] = max(state[GAP], LINE if state[LISTS] > 0 and state[GAP] < PARAGRAPH else gap)


@njit(cache=True, nogil=True)
def settle(out, state):
    """Write the white space and the marks at the beginning of a line that are due."""
    if state[GAP]:
        if state[LENGTH]:
            for _ in range(state[GAP]):
                put(out, state, 10)
        for _ in range(min(state[QUOTES], _MOST_INDENTED)):
            put(out, state, 62)
            put(out, state, 32)
        depth = min(state[LISTS], _MOST_INDENTED)
        for _ in range(2 * (depth - 1 if state[ITEM] else depth)):
            put(out, state, 32)
        if state[ITEM] == BULLET:
            put(out, state, 45)
            put(out, state, 32)
        elif state[ITEM]:
            put_number(out, state, state[ITEM])
            put(out, state, 46)
            put(out, state, 32)
        elif state[HEADING]:
            for _ in range(state[HEADING]):
                put(out, state, 35)
            put(out, state, 32)
        state[ITEM] = state[HEADING] = state[GAP] = state[SPACE] = 0
        state[LINE_START] = state[LENGTH]
    elif state[SPACE]:
        if state[LENGTH] > state[LINE_START]:
            put(out, state, 32)
        state[SPACE] = 0


@njit(cache=True, nogil=True)
def entity(data, at, end):
    """The character that a serialiser's entity stands for and the entity's size; (0, 0) for no entity."""
    if at + 3 < end and data[at] == 38:
        a, b, c = data[at + 1], data[at + 2], data[at + 3]
        if b == 116 and c == 59:
            if a == 108:
                return 60, 4
            if a == 103:
                return 62, 4
        if at + 4 < end and a == 97 and b == 109 and c == 112 and data[at + 4] == 59:
            return 38, 5
        if at + 5 < end and data[at + 5] == 59:
            if a == 110 and b == 98 and c == 115 and data[at + 4] == 112:
                return 0xA0, 6
            if a == 113 and b == 117 and c == 111 and data[at + 4] == 116:
                return 34, 6
    return 0, 0


@njit(cache=True, nogil=True)
def put_text(out, state, data, start, end, raw):
    """Write text with its white space collapsed."""
    at = start
    while at < end:
        byte = np.int64(data[at])
        if byte <= 32 or byte == 127:
            state[SPACE] = 1
            at += 1
            continue
        size = 1
        if byte == 38 and not raw:
            character, of = entity(data, at, end)
            if of:
                byte, size = character, of
        elif byte == 0xC2 and at + 1 < end and data[at + 1] == 0xA0:
            byte, size = 0xA0, 2
        if byte == 0xA0 and size > 1:
            state[SPACE] = 1
            at += size
            continue
        if state[GAP] or state[SPACE]:
            settle(out, state)
        if byte == 124 and state[ESCAPE_PIPES]:
            put(out, state, 92)
        put(out, state, byte)
        at += size


@njit(cache=True, nogil=True)
def put_exactly(out, state, data, start, end, raw):
    """Write text as it is, entities resolved."""
    at = start
    while at < end:
        character, size = (0, 0) if raw else entity(data, at, end)
        if size == 0:
            put(out, state, data[at])
            at += 1
        else:
            if character == 0xA0:
                put(out, state, 0xC2)
            put(out, state, character)
            at += size

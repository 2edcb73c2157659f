"""Personal data and secrets in text, as byte spans found in one pass.

The pass looks for what such data can't be without: an @, a digit, a colon, the first two bytes of a
known prefix, five hyphens. What stands around it is read by the rules of its kind, each of which
looks at a bounded number of bytes, so that no text takes more than linear time.
"""

import numpy as np
import pyarrow as pa
from numba import njit

from textkernels.ascii_bytes import is_digit
from textkernels.columns import text_buffers
from textkernels.personal_data_addresses import ADDRESSED, NUMBERED, ipv4, ipv6
from textkernels.personal_data_anchors import anchors64
from textkernels.personal_data_emails import TOP_LEVEL_DOMAINS, email
from textkernels.personal_data_keys import (
    BYTE_CLASSES,
    KEY_FORMS,
    PASSWORD_NAMES,
    SECRET_NAMES,
    assigned,
    private_key_end,
    token,
)
from textkernels.personal_data_numbers import CARD_WORDS, IBAN_LENGTHS, OTHER_NUMBERS, card, iban
from textkernels.personal_data_phones import (
    CALLING_CODES,
    PHONE_LITERALS,
    PHONE_WORDS,
    SCRATCH,
    TRUNK_GROUPS,
    phone,
)
from textkernels.personal_data_phones import OTHER_NUMBERS as NO_PHONES
from textkernels.simd import low_bits, trailing_zeros

KINDS = ("private_key", "key", "email", "iban", "card", "ipv6", "ipv4", "phone")
"""The kinds, most specific first: where two overlap, the earlier wins."""

_PRIVATE_KEY, _KEY, _EMAIL, _IBAN, _CARD, _IPV6, _IPV4, _PHONE = range(len(KINDS))

_BLOCK = 64
_FEWEST_DIGITS = 7  # of a telephone number
_ONE = np.uint64(1)
_TOP = np.uint64(1 << (_BLOCK - 1))


def _candidates() -> np.ndarray:
    """Whether two letters can begin a token or an IBAN; uint8[256, 256]."""
    table = (KEY_FORMS.begins > 0).astype(np.uint8)
    table[65:91, 65:91] |= (IBAN_LENGTHS > 0).astype(np.uint8)
    table.flags.writeable = False
    return table


_CANDIDATES = _candidates()


def personal_data(
    column: pa.Array | pa.ChunkedArray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Find personal data and secrets.

    Args:
        column: string, large_string, binary or large_binary of n documents; a null has none.

    Returns:
        rows int64[m], the document's place in the column, starts and ends int64[m], half-open, in
        the bytes of that document, and kinds uint8[m], places in `KINDS`: ascending, and no two of
        a document overlap.

    Raises:
        TypeError: the column is of another type.
    """
    data, offsets = text_buffers(column)
    room = 1024 + data.size // 1024  # a span a kilobyte: more is rare, and costs a second pass
    while True:
        spans = np.empty((room, 4), np.int64)
        found = _find(
            data, offsets, _CANDIDATES, TOP_LEVEL_DOMAINS, NUMBERED, ADDRESSED, CARD_WORDS, OTHER_NUMBERS,
            IBAN_LENGTHS, CALLING_CODES, TRUNK_GROUPS, PHONE_WORDS, NO_PHONES, PHONE_LITERALS, *KEY_FORMS, BYTE_CLASSES,
            SECRET_NAMES, PASSWORD_NAMES, spans,
        )  # fmt: skip
        if found <= room:
            rows, starts, ends, kinds = spans[:found].T
            return rows.copy(), starts.copy(), ends.copy(), kinds.astype(np.uint8)
        room = max(found, 4 * room)


@njit(cache=True, nogil=True)
def _find(
    data, offsets, candidates, top_level, numbered, addressed, card_words, other_numbers,
    iban_lengths, calling_codes, trunk_groups, phone_words, no_phones, phone_literals, begins, firsts, literals,
    form_numbers, classes, secret_names, password_names, spans,
):  # fmt: skip
    """Fill spans, int64[room, 4]; returns how many there are, or more than room where it was too small."""
    address = data.ctypes.data
    scratch = np.empty(SCRATCH, np.int64)
    tail = np.zeros(_BLOCK, np.uint8)
    found = 0
    for document in range(offsets.size - 1):
        first, end = offsets[document], offsets[document + 1]
        found_before = found
        resume = first  # where the last span ends
        in_word, in_hyphens = np.uint64(0), np.uint64(0)
        for block in range(first, end, _BLOCK):
            if block + _BLOCK <= data.size:
                words, signs, hyphens = anchors64(address + block)
            else:
                for k in range(data.size - block):
                    tail[k] = data[block + k]
                words, signs, hyphens = anchors64(tail.ctypes.data)
            anchors = words & ~(words << _ONE | in_word) | signs
            anchors |= hyphens & ~(hyphens << _ONE | in_hyphens) & (hyphens >> _ONE | _TOP)
            anchors &= low_bits(min(_BLOCK, end - block))
            in_word, in_hyphens = words >> np.uint64(_BLOCK - 1), hyphens >> np.uint64(_BLOCK - 1)
            while anchors:
                at = block + trailing_zeros(anchors)
                anchors &= anchors - _ONE
                if at < resume:
                    continue
                start, stop, kind = -1, -1, 0
                byte = data[at]
                if byte == 64:
                    start, stop = email(data, first, end, at, at + 1, top_level)
                    kind = _EMAIL
                elif byte == 58 or byte == 61:
                    if byte == 58:
                        start, stop = ipv6(data, first, end, at)
                        kind = _IPV6
                    if stop < 0:
                        start, stop = assigned(data, first, end, at, secret_names, password_names)
                        kind = _KEY
                elif byte == 45:
                    stop = private_key_end(data, at, end)
                    start, kind = at, _PRIVATE_KEY
                elif byte == 37:
                    if at + 2 < end and data[at + 1] == 52 and data[at + 2] == 48:
                        start, stop = email(data, first, end, at, at + 3, top_level)
                        kind = _EMAIL
                else:
                    # Behind an escape in a string literal, \n, a word begins a letter later.
                    if (byte == 110 or byte == 114 or byte == 116) and at > first and data[at - 1] == 92:
                        at += 1
                    if at + 1 >= end:
                        continue
                    if is_digit(data[at]):
                        start, stop, kind = _number(
                            data, first, end, at, resume, numbered, addressed, card_words, other_numbers, calling_codes,
                            trunk_groups, phone_words, no_phones, phone_literals, scratch,
                        )  # fmt: skip
                    elif candidates[data[at], data[at + 1]]:
                        stop = iban(data, first, end, at, iban_lengths)
                        start, kind = at, _IBAN
                        if stop < 0:
                            start, stop = token(
                                data, first, end, at, begins, firsts, literals, form_numbers, classes
                            )
                            kind = _KEY
                if stop < 0:
                    continue
                resume = max(resume, stop)
                # An earlier span that reaches into this one goes when it is of a less specific kind.
                keep = True
                while keep and found > found_before:
                    last = found - 1
                    if last >= spans.shape[0] or spans[last, 2] <= start - first:
                        break
                    if spans[last, 3] > kind:
                        found -= 1
                    else:
                        keep = False
                if keep:
                    if found < spans.shape[0]:
                        spans[found, 0] = document
                        spans[found, 1], spans[found, 2] = start - first, stop - first
                        spans[found, 3] = kind
                    found += 1
        if found > spans.shape[0]:
            # Too little room is told early; how much is wanted is guessed.
            return found + spans.shape[0]
    return found


@njit(cache=True, nogil=True)
def _number(
    data, first, end, at, floor, numbered, addressed, card_words, other_numbers, calling_codes, trunk_groups, phone_words,
    no_phones, phone_literals, scratch,
):  # fmt: skip
    """An address, a card or a telephone number whose first digit is `at`: start, end and kind."""
    k = at + 1
    while k < end and is_digit(data[k]) and k < at + _FEWEST_DIGITS:
        k += 1
    if k - at < _FEWEST_DIGITS:
        if k + 1 >= end:
            return -1, -1, 0
        after, later = data[k], data[k + 1]
        if after == 46 and k - at < 4:
            stop = ipv4(data, first, end, at, numbered, addressed)
            if stop >= 0:
                return at, stop, _IPV4
        if after == 32 or after == 45 or after == 46 or after == 47:
            if not (is_digit(later) or (later != 46 and 40 <= later <= 47)):
                return -1, -1, 0
        elif not (after == 40 or after == 41 or after == 0xC2 or after == 0xE2):
            return -1, -1, 0
    stop = card(data, first, end, at, floor, card_words, other_numbers)
    if stop >= 0:
        return at, stop, _CARD
    start, stop = phone(
        data,
        first,
        end,
        at,
        floor,
        calling_codes,
        trunk_groups,
        phone_words,
        no_phones,
        phone_literals,
        scratch,
    )
    return start, stop, _PHONE

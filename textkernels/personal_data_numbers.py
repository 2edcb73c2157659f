"""Card numbers and bank accounts: numbers that carry their own check digits."""

import numpy as np
from numba import njit

from textkernels.ascii_bytes import is_alnum, is_digit, is_upper
from textkernels.nearby_words import nearest_word, word_table

_CONTEXT_BYTES = 40
_MOST_DIGITS = 19  # ISO/IEC 7812-1

_IBAN_LENGTHS = (  # SWIFT's IBAN registry
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)


def _iban_lengths() -> np.ndarray:
    table = np.zeros((26, 26), np.int64)
    for entry in _IBAN_LENGTHS.split():
        table[ord(entry[0]) - 65, ord(entry[1]) - 65] = int(entry[2:])
    table.flags.writeable = False
    return table


IBAN_LENGTHS = _iban_lengths()
"""Characters of an IBAN by the two letters of its country, 0 for none; int64[26, 26]."""

CARD_WORDS = word_table(
    "card*", "cc", "visa", "mastercard", "amex", "discover", "jcb", "diners", "unionpay", "maestro", "credit", "debit",
    "payment*", "paid", "pay", "pan", "karte*", "kreditkarte*", "carte", "tarjeta", "carta", "charge*",
)  # fmt: skip
OTHER_NUMBERS = word_table(
    "order*", "tracking", "serial", "id", "ids", "isbn", "issn", "ean", "upc", "gtin", "sku", "imei", "invoice", "ticket",
    "doi", "hash", "timestamp", "seed", "status", "parcel", "shipment", "uuid", "barcode", "iccid", "oclc", "reference",
    # of posts and pages in URLs
    "help", "posts", "post", "status", "photo*", "video*", "events", "groups", "facebook", "twitter", "instagram", "youtube",
    "permalink", "article*", "news", "product*", "item*", "comment*", "thread*", "watch", "user*", "profile*", "page*",
)  # fmt: skip


@njit(cache=True, nogil=True)
def card(data, first, end, at, floor, card_words, other_numbers):
    """Where the card number that begins at the digit `at` ends, -1 where none does.

    It has an issuer's first digits and length, the check digit of ISO/IEC 7812-1 (Luhn), and its
    groups as on a card, divided by single spaces or hyphens, or none at all.
    """
    stop = _digits_end(data, at, end)
    run = stop - at
    divider = 0
    if run == 4 or run == 6:
        if stop >= end or (data[stop] != 32 and data[stop] != 45):
            return -1
        divider = data[stop]
        stop = _last_group_end(data, stop, end, divider, run)
    elif not 13 <= run <= _MOST_DIGITS:
        return -1
    if stop < 0 or not _has_issuer_and_check(data, at, stop):
        # A card of 16 digits, and three more behind it.
        stop -= 4
        if (
            not divider
            or stop <= at + 18
            or data[stop] != divider
            or not _has_issuer_and_check(data, at, stop)
        ):
            return -1
    if not _may_begin(data, first, at, floor, divider) or not _may_end(data, end, stop, divider):
        return -1
    if divider:
        return stop
    named = nearest_word(data, max(first, at - _CONTEXT_BYTES), at, card_words, other_numbers)
    if named < 0 or (named == 0 and (run == 13 or run > 16)) or _is_one_digit(data, at, stop):
        return -1
    return stop


@njit(cache=True, nogil=True)
def _digits_end(data, at, end):
    end = min(end, at + _MOST_DIGITS + 1)
    while at < end and is_digit(data[at]):
        at += 1
    return at


@njit(cache=True, nogil=True)
def _last_group_end(data, at, end, divider, first_group):
    """Where groups as on a card end that go on at a divider: 4-4-4-4, -3, 4-4-4-1, 4-6-5, 4-6-4, 6-13."""
    second = _digits_end(data, at + 1, end) - at - 1
    stop = at + 1 + second
    if first_group == 6:
        return stop if second == 13 else -1
    more = 2 if second == 4 else 1
    if second != 4 and second != 6:
        return -1
    last = 0
    for group in range(more):
        if stop >= end or data[stop] != divider:
            return -1
        last = _digits_end(data, stop + 1, end) - stop - 1
        if last == 0 or last > 5 or (second == 4 and last != 4 and not (group == 1 and last == 1)):
            return -1
        stop += 1 + last
    if second == 6:
        return stop if last >= 4 else -1
    if last == 4 and stop < end and data[stop] == divider:
        fifth = _digits_end(data, stop + 1, end) - stop - 1
        if fifth == 3:
            return stop + 4
    return stop


@njit(cache=True, nogil=True)
def _has_issuer_and_check(data, start, stop):
    digits, lead = 0, 0
    for k in range(start, stop):
        if is_digit(data[k]):
            if digits < 6:
                lead = lead * 10 + np.int64(data[k]) - 48
            digits += 1
    if digits < 13 or not _is_issued(lead, digits):
        return False
    total, doubles = 0, digits & 1 == 0
    for k in range(start, stop):
        if is_digit(data[k]):
            value = np.int64(data[k]) - 48
            if doubles:
                value = value * 2 - 9 if value > 4 else value * 2
            total += value
            doubles = not doubles
    return total % 10 == 0


@njit(cache=True, nogil=True)
def _is_one_digit(data, start, stop):
    """Whether a number is one digit over and over."""
    k = start
    while k < stop and data[k] == data[start]:
        k += 1
    return k == stop


@njit(cache=True, nogil=True)
def _is_issued(lead, digits):
    """Whether an issuer gives numbers of so many digits that begin with the six of `lead`."""
    two, three, four = lead // 10000, lead // 1000, lead // 100
    if lead // 100000 == 4:
        return digits == 16 or digits == 13 or digits == 19  # Visa
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return digits == 16  # Mastercard
    if two == 34 or two == 37:
        return digits == 15  # American Express
    if four == 6011 or two == 65 or 644 <= three <= 649 or two == 62:
        return digits >= 16  # Discover, UnionPay
    if two == 35 or four == 2131 or four == 1800:
        return digits == (16 if two == 35 else 15)  # JCB
    if two == 36 or two == 38 or two == 39 or 300 <= three <= 305:
        return digits == 14  # Diners Club
    if 2200 <= four <= 2204:
        return digits == 16  # Mir
    maestro = four == 5018 or four == 5020 or four == 5038 or four == 6304 or four == 6759
    return (maestro or 6761 <= four <= 6763) and digits >= 16


@njit(cache=True, nogil=True)
def _may_begin(data, first, at, floor, divider):
    if at == first:
        return True
    before = data[at - 1]
    earlier = data[at - 2] if at - 2 >= first else 32
    if is_alnum(before) or before == 95 or before == 46 or before == 43:
        return False
    if before == 45:
        return not is_alnum(earlier)
    # Columns of a table, but not a span found before.
    return at - 2 < floor or not (is_digit(earlier) and (before == 44 or (before == 32 and divider == 32)))


@njit(cache=True, nogil=True)
def _may_end(data, end, stop, divider):
    if stop >= end:
        return True
    after = data[stop]
    later = data[stop + 1] if stop + 1 < end else 32
    if is_alnum(after) or after == 95 or (after == 45 and is_alnum(later)):
        return False
    if after == 46 and is_digit(later):
        return False
    # Columns of a table go on; an expiry or a security code may stand behind a card.
    return not (after == 32 and divider == 32 and _digits_end(data, stop + 1, end) - stop - 1 >= 4)


@njit(cache=True, nogil=True)
def iban(data, first, end, at, lengths):
    """Where the IBAN that begins at the letter `at`, at the start of a word, ends, -1 where none does.

    ISO 13616: country, two check digits and an account, in one piece or in groups of four divided by
    spaces, no-break spaces or hyphens; the remainder modulo 97 is 1.
    """
    if at + 15 > end or not (is_upper(data[at]) and is_upper(data[at + 1])):
        return -1
    if not (is_digit(data[at + 2]) and is_digit(data[at + 3])):
        return -1
    length = lengths[np.int64(data[at]) - 65, np.int64(data[at + 1]) - 65]
    if length == 0:
        return -1
    remainder, read, k = 0, 0, at
    head = 0  # the first four characters, which the check moves behind the others
    grouped = False
    while read < length:
        if read and read % 4 == 0 and (read == 4 or grouped):
            wide = _divider(data, k, end)
            if grouped and not wide:
                return -1
            if wide:
                grouped = True
                k += wide
        if k >= end or not (is_digit(data[k]) or is_upper(data[k])):
            return -1
        value = np.int64(data[k]) - (48 if is_digit(data[k]) else 55)
        if read < 4:
            head = head * (10 if value < 10 else 100) + value
        else:
            remainder = (remainder * (10 if value < 10 else 100) + value) % 97
        read += 1
        k += 1
    if (remainder * 1_000_000 + head) % 97 != 1 or (k < end and (is_alnum(data[k]) or data[k] == 95)):
        return -1
    return k


@njit(cache=True, nogil=True)
def _divider(data, k, end):
    """Bytes of a space, a no-break space or a hyphen at k, 0 where there is none."""
    if k < end and (data[k] == 32 or data[k] == 45):
        return 1
    if k + 1 < end and data[k] == 0xC2 and data[k + 1] == 0xA0:
        return 2
    return 3 if k + 2 < end and data[k] == 0xE2 and data[k + 1] == 0x80 and data[k + 2] == 0xAF else 0

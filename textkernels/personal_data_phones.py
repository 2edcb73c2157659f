"""Telephone numbers: international ones, and national ones whose groups are those of a numbering plan.

What has neither a plus nor the groups of a plan counts only behind a word such as "phone".
"""

import numpy as np
from numba import njit

from textkernels.ascii_bytes import is_alnum, is_digit, is_letter
from textkernels.nearby_words import has_literal, nearest_word, word_table

_CONTEXT_BYTES = 40
_FEWEST_DIGITS, _MOST_DIGITS, _MOST_GROUPS = 7, 15, 8  # ITU-T E.164
SCRATCH = 3 * (_MOST_GROUPS + 1) + _MOST_DIGITS + 1

_SPACE, _HYPHEN, _DOT, _SLASH, _PAREN = 1, 2, 4, 8, 16

# Fewest and most digits behind the country calling codes (ITU-T E.164), as libphonenumber 9.0.43 has them.
_NATIONAL_DIGITS = {
    (4, 5): "290",
    (4, 7): "683 690",
    (4, 10): "98",
    (4, 11): "352",
    (4, 12): "598",
    (4, 13): "43 49",
    (5, 5): "500 682",
    (5, 6): "247",
    (5, 7): "676 677 678 688",
    (5, 8): "47 386 686",
    (5, 10): "27 64 685",
    (5, 11): "31 852",
    (5, 12): "61 358 971",
    (5, 13): "82",
    (6, 6): "298 299 672 687",
    (6, 7): "597",
    (6, 9): "40 252 355 376 421 508 681 689",
    (6, 10): "48 53 95 880",
    (6, 11): "375 595",
    (6, 12): "39 46 359 381",
    (6, 13): "63",
    (7, 7): "238 239 246 248 269 291 297 592 673 674 680 691 692",
    (7, 8): "241 599 670 675 853 961 965 975",
    (7, 9): "220 231 245 265 354 385 423 967 968",
    (7, 10): "44 84 230 243 254 263 267 353 372 960",
    (7, 11): "501 503 507 679 886 974",
    (7, 12): "86 882 972",
    (7, 13): "62 90",
    (8, 8): "45 216 222 223 226 227 228 232 235 236 253 257 266 350 356 357 370 371 373 374 389 505 509 800 808 973 993",
    (8, 9): "32 36 51 213 224 233 237 250 258 264 268 377 382 387 591 962 963",
    (8, 10): "20 60 378 506 850 855 856 964 970 976",
    (8, 11): "55 57 65 502 504 593 977",
    (8, 12): "92 383 883",
    (8, 13): "66 81 91",
    (9, 9): "33 34 93 94 211 212 218 221 240 242 244 249 251 255 256 260 261 262 351 590 594 596 979 992 994 995 998",
    (9, 10): "380 881 966 996",
    (9, 11): "56",
    (9, 12): "41 420 870",
    (10, 10): "1 7 58 225 229",
    (10, 11): "52 54",
    (10, 12): "30 234",
    (11, 11): "888",
    (12, 12): "878",
}  # fmt: skip


def _calling_codes() -> np.ndarray:
    table = np.zeros((1000, 2), np.int64)
    for bounds, codes in _NATIONAL_DIGITS.items():
        table[[int(code) for code in codes.split()]] = bounds
    table.flags.writeable = False
    return table


CALLING_CODES = _calling_codes()
"""Fewest and most digits of a national number by calling code, 0 for none; int64[1000, 2]."""

# Lengths of groups, as digits of one number, of national numbers that begin with the trunk prefix 0.
_TRUNK_GROUPS = (
    22222, 2322, 2222, 32222, 4222, 3322, 3222, 332, 433, 434, 424, 344, 343, 334, 333, 244, 243, 234, 533, 5222,
    4322, 28, 27, 36, 37, 38, 45, 46, 47, 48, 55, 56, 57, 65, 335, 525, 523, 435, 453, 3422, 322, 2332, 422, 4223, 4323,
)  # fmt: skip


def _trunk_groups() -> np.ndarray:
    table = np.array(sorted(_TRUNK_GROUPS), np.int64)
    table.flags.writeable = False
    return table


TRUNK_GROUPS = _trunk_groups()

PHONE_WORDS = word_table(
    "phone*", "telef*", "teleph*", "mobile", "mobiles", "mobil", "mobiltel*", "mobilnu*", "mobilnr", "fax*", "handy*", "hotline*", "helpline*", "whatsapp", "cellphone*", "tel",
    "cell", "call", "callto", "calling", "dial", "dialing", "dialling", "ring", "text", "sms", "ph", "mob", "contact", "reach",
    "cel", "celular*", "landline*", "gsm", "pager", "switchboard", "reception", "rufen", "telnr", "appelez", "llame",
    "ligue", "bel", "ext", "rufnummer*", "festnetz", "wa",
)  # fmt: skip
OTHER_NUMBERS = word_table(
    "order*", "isbn", "issn", "invoice*", "ticket*", "ref", "reference*", "sku", "serial*", "tracking", "case", "item*",
    "part", "model", "version", "doi", "oclc", "ean", "upc", "gtin", "pmid", "patent", "zip", "account", "acct", "id", "ids",
    "lot", "batch", "barcode", "article", "date", "dates", "hash", "uuid", "ssn", "vat", "siren", "siret", "iban", "receipt",
    "parcel", "catalog*", "claim", "policy", "customer", "member", "license", "licence", "registration", "bug", "issue",
    "rfc", "page", "pages", "pp", "score", "scores", "coordinates", "lat", "lon", "port", "container", "asin", "nsn", "cas",
    "transaction", "shipment", "product", "range", "ratio", "checksum", "seed", "timestamp", "arxiv",
    "security", "docket", "bestellnummer", "rechnung*", "commande", "pedido", "sample", "bestell*",
)  # fmt: skip
# Words of scripts without spaces between words, or with letters beyond ASCII.
PHONE_LITERALS = word_table(
    "тел", "Тел", "ТЕЛ", "звон", "моб", "Моб", "факс", "Факс", "电话", "電話", "手机", "手機", "携帯", "致电", "联系",
    "传真", "聯絡", "전화", "연락", "휴대", "फ़ोन", "फोन", "मोबाइल", "هاتف", "جوال", "موبايل", "móvil", "Móvil", "tél", "Tél",
    "TÉL", "☎", "☏", "✆", "📞", "📱", "điện thoại", "nömr", "τηλ", "Τηλ",
)  # fmt: skip


@njit(cache=True, nogil=True)
def phone(data, first, end, at, floor, codes, trunk, words, others, literals, scratch):
    """The telephone number whose first digit is `at`: its start and end, or -1 and -1.

    Args:
        floor: where the span before it ends; digits there belong to that.
        scratch: int64[SCRATCH], overwritten.
    """
    start, plus = at, False
    if start - 2 > first and data[start - 3] == 37 and data[start - 2] == 50 and data[start - 1] | 0x20 == 98:
        start, plus = start - 3, True  # %2B
    elif start > first and data[start - 1] == 43:
        start, plus = start - 1, True
    elif start - 1 > first and data[start - 1] == 40 and data[start - 2] == 43:
        start, plus = start - 2, True  # +(49)
    opened = start > first and data[start - 1] == 40
    stop = -1
    if opened or (plus and data[at - 1] == 40):
        outer = start - opened
        stop = _number_end(
            data, first, end, at, floor, outer, plus, True, codes, trunk, words, others, literals, scratch
        )
        if stop >= 0 and _is_closed(data, at, stop):
            return outer, _extension_end(data, end, stop)
    # A parenthesis before it may be that of a sentence.
    stop = _number_end(
        data, first, end, at, floor, start, plus, False, codes, trunk, words, others, literals, scratch
    )
    return (start, _extension_end(data, end, stop)) if stop >= 0 else (-1, -1)


@njit(cache=True, nogil=True)
def _number_end(
    data, first, end, at, floor, start, plus, opened, codes, trunk, words, others, literals, scratch
):
    """Where the number that begins at `start`, with its first digit at `at`, ends, -1 where none does."""
    if not _may_begin(data, first, start, plus):
        return -1
    groups, digits = _read_groups(data, at, end, opened, scratch)
    if digits < _FEWEST_DIGITS:
        return -1
    columns = start - 2 >= floor and data[start - 1] == 32 and is_digit(data[start - 2])
    # Behind an ideograph, or a punctuation mark of such text
    in_chinese = start - 3 >= first and (0xE3 <= data[start - 3] <= 0xE9 or data[start - 3] == 0xEF)
    named = -2  # not looked for yet
    while groups:
        total = _digits_of(scratch, groups)
        if total < _FEWEST_DIGITS:
            return -1
        stop = _end_of(scratch, groups - 1)
        if (
            total <= _MOST_DIGITS
            and _is_balanced(data, start, stop)
            and _may_end(data, end, stop, scratch, groups)
        ):
            if plus:
                found = _is_international(scratch, groups, 0, total, codes)
            else:
                if named == -2:
                    named = _named(data, first, start, words, others, literals)
                found = _is_national(scratch, groups, total, opened, named, columns, in_chinese, codes, trunk)
            bare = groups == 1 and not plus and start > first
            if found and not (bare and (data[start - 1] == 96 or data[start - 1] == 47)):  # `hash`, path/id
                return stop
        groups -= 1
    return -1


@njit(cache=True, nogil=True)
def _extension_end(data, end, stop):
    """Where an extension behind a number ends: x22, ext. 22; `stop` where none stands there."""
    k = stop
    if k < end and data[k] == 44:
        k += 1
    if k < end and data[k] == 32:
        k += 1
    letters = k
    while k < end and is_letter(data[k]) and k < letters + 10:
        k += 1
    size = k - letters
    if not (size == 1 and data[letters] | 0x20 == 120) and not (
        (size == 3 or size == 9) and data[letters] | 0x20 == 101 and data[letters + 1] | 0x20 == 120
    ):  # fmt: skip
        return stop
    while (
        size > 1 and k < end and (data[k] == 46 or data[k] == 58 or data[k] == 32) and k < letters + size + 2
    ):
        k += 1
    number = k
    while k < end and is_digit(data[k]) and k < number + 7:
        k += 1
    return k if 0 < k - number <= 6 and not (k < end and is_alnum(data[k])) else stop


@njit(cache=True, nogil=True)
def _read_groups(data, at, end, opened, scratch):
    """Groups of digits and what divides them. Returns how many groups, and digits, there are.

    scratch holds for each group its end, its length and the kind of divider before it, and behind
    them the digits.
    """
    groups, digits = 0, 0
    divider = 0
    base = 3 * (_MOST_GROUPS + 1)
    while groups <= _MOST_GROUPS:
        start = at
        while at < end and is_digit(data[at]):
            if digits < _MOST_DIGITS + 1:
                scratch[base + digits] = np.int64(data[at]) - 48
                digits += 1
            at += 1
            if at - start > _MOST_DIGITS:
                return groups, digits
        scratch[3 * groups] = at
        scratch[3 * groups + 1] = at - start
        scratch[3 * groups + 2] = divider
        groups += 1
        divider = 0
        if at < end and data[at] == 41 and opened:
            divider, opened = _PAREN, False
            at += 1
        kind, size = _divider(data, at, end)
        if size and kind != _SPACE and at + size < end and data[at + size] == 32 and divider == 0:
            return groups, digits
        if kind == _SPACE and at + size < end and divider == 0:
            # " - ", " / "
            inner, width = _divider(data, at + size, end)
            if inner in (_HYPHEN, _SLASH):
                after, last = _divider(data, at + size + width, end)
                if after == _SPACE:
                    kind, size = inner, size + width + last
        divider |= kind
        at += size
        if at < end and data[at] == 40 and not opened:
            divider, opened = divider | _PAREN, True
            at += 1
        if divider == 0 or at >= end or not is_digit(data[at]):
            return groups, digits
    return groups, digits


@njit(cache=True, nogil=True)
def _divider(data, at, end):
    """Kind and bytes of a divider, 0 and 0 where there is none."""
    if at >= end:
        return 0, 0
    byte = data[at]
    if byte == 32:
        return _SPACE, 1
    if byte == 45:
        return _HYPHEN, 1
    if byte == 46:
        return _DOT, 1
    if byte == 47:
        return _SLASH, 1
    if byte == 0xC2 and at + 1 < end and data[at + 1] == 0xA0:
        return _SPACE, 2
    if byte == 0xE2 and at + 2 < end and data[at + 1] == 0x80:
        if data[at + 2] == 0xAF or data[at + 2] == 0x89:
            return _SPACE, 3
        if 0x90 <= data[at + 2] <= 0x92:
            return _HYPHEN, 3
    return 0, 0


@njit(cache=True, nogil=True)
def _end_of(scratch, group):
    return scratch[3 * group]


@njit(cache=True, nogil=True)
def _length(scratch, group):
    return scratch[3 * group + 1]


@njit(cache=True, nogil=True)
def _divider_before(scratch, group):
    return scratch[3 * group + 2]


@njit(cache=True, nogil=True)
def _digit(scratch, k):
    return scratch[3 * (_MOST_GROUPS + 1) + k]


@njit(cache=True, nogil=True)
def _digits_of(scratch, groups):
    total = 0
    for k in range(groups):
        total += _length(scratch, k)
    return total


@njit(cache=True, nogil=True)
def _dividers(scratch, groups):
    kinds = 0
    for k in range(1, groups):
        kinds |= _divider_before(scratch, k)
    return kinds


@njit(cache=True, nogil=True)
def _shape(scratch, first_group, groups):
    """Lengths of the groups as digits of one number; -1 where a group has 10 digits or more."""
    shape = 0
    for k in range(first_group, groups):
        if _length(scratch, k) > 9:
            return -1
        shape = shape * 10 + _length(scratch, k)
    return shape


@njit(cache=True, nogil=True)
def _is_balanced(data, start, stop):
    """Whether as many parentheses are opened as are closed in start:stop."""
    opening, closing = 0, 0
    for k in range(start, stop):
        opening += data[k] == 40
        closing += data[k] == 41
    return opening == closing


@njit(cache=True, nogil=True)
def _is_closed(data, start, stop):
    k = start
    while k < stop and data[k] != 41:
        k += 1
    return k < stop


@njit(cache=True, nogil=True)
def _may_begin(data, first, start, plus):
    if start == first:
        return True
    before = data[start - 1]
    earlier = data[start - 2] if start - 2 >= first else 32
    if is_alnum(before):
        # Behind an escape in a string literal: \n, \t
        return (before == 110 or before == 116 or before == 114) and earlier == 92
    if before == 95 or before == 43 or before == 35 or before == 36 or before == 94 or before == 92:
        return False
    if before == 46 or before == 45:
        return not is_alnum(earlier) and earlier != before and before == 45
    if before == 42:  # emphasis, or a product
        return not is_alnum(earlier) and earlier != 41
    if before == 47:
        return plus or is_letter(earlier) or earlier == 47
    if before == 44 or before == 58:
        return plus or not is_digit(earlier)
    sign = start - 2 if before == 32 else start - 1
    return not _is_currency_before(data, first, sign + 1)


@njit(cache=True, nogil=True)
def _is_currency_before(data, first, at):
    """Whether the sign of the dollar, the pound, the yen or the euro ends at `at`."""
    if at - 2 < first:
        return at > first and data[at - 1] == 36
    last, before = data[at - 1], data[at - 2]
    return (
        last == 36
        or ((last == 0xA3 or last == 0xA5) and before == 0xC2)
        or (last == 0xAC and before == 0x82 and at - 3 >= first and data[at - 3] == 0xE2)
    )


@njit(cache=True, nogil=True)
def _may_end(data, end, stop, scratch, groups):
    if stop >= end:
        return True
    after = data[stop]
    later = data[stop + 1] if stop + 1 < end else 32
    kinds = _dividers(scratch, groups)
    if after == 95 or after == 37 or after == 36 or after == 64:
        return False
    if is_alnum(after):
        return (after | 0x20 == 120 and is_digit(later)) or (after | 0x20 == 101 and later | 0x20 == 120)
    if after == 46 or after == 58:
        return not is_alnum(later) or (after == 46 and is_letter(later) and later <= 90)
    if after == 45:
        return not is_alnum(later)
    if after == 44 or after == 47:
        return kinds != 0 or not is_digit(later)
    kind, size = _divider(data, stop, end)
    if kind and stop + size < end and is_digit(data[stop + size]):
        return kinds & ~_PAREN != 0 and kind & kinds == 0
    return not (after == 41 and later == 40)


@njit(cache=True, nogil=True)
def _named(data, first, at, words, others, literals):
    """1 where a word of telephones stands before `at`, nearest, -1 where one of other numbers, else 0."""
    least = max(first, at - _CONTEXT_BYTES)
    if at - 2 >= first and (data[at - 1] == 58 or data[at - 2] == 58 or data[at - 1] == 46):
        # T: 020..., F. 020...
        k = at - 1
        while k > first and not is_letter(data[k]) and k > at - 3:
            k -= 1
        letter = data[k] | 0x20
        alone = k == first or not (is_alnum(data[k - 1]) or data[k - 1] >= 0x80)
        if alone and (letter == 116 or letter == 102 or letter == 109 or letter == 112):
            return 1
    named = nearest_word(data, least, at, words, others)
    if named == 0:
        for k in range(least, at):
            if data[k] >= 0x80:
                return 1 if has_literal(data, least, at, literals) else 0
    return named


@njit(cache=True, nogil=True)
def _is_international(scratch, groups, skipped, total, codes):
    """Whether digits behind a plus, or behind `skipped` zeros, are a calling code and a number of its plan."""
    code, code_digits = 0, 0
    for k in range(3):
        if skipped + k < total:
            code = code * 10 + _digit(scratch, skipped + k)
            if code == 0:
                return False
            if codes[code, 1]:
                code_digits = k + 1
                break
    if code_digits == 0:
        return False
    national = total - skipped - code_digits
    # +44 (0)20: the trunk prefix between parentheses is not dialled.
    for k in range(1, groups):
        if _length(scratch, k) == 1 and _divider_before(scratch, k) & _PAREN:
            national -= 1
    kinds = _dividers(scratch, groups)
    if (kinds & _SLASH and groups < 3) or (kinds == _DOT and groups == 2):
        return False
    if national + code_digits < 7 or national < codes[code, 0] - (1 if groups > 2 else 0):
        return False
    return national <= codes[code, 1] or (groups > 2 and national + code_digits <= 13)


@njit(cache=True, nogil=True)
def _is_national(scratch, groups, total, opened, named, columns, in_chinese, codes, trunk):
    kinds = _dividers(scratch, groups)
    shape = _shape(scratch, 0, groups)
    first, second = _digit(scratch, 0), _digit(scratch, 1)
    in_parens = opened and groups > 1
    if _is_date(scratch, shape, kinds):
        return False
    if named < 0 and not in_parens:
        return False
    if columns and kinds & ~_SPACE == 0:
        return False  # the end of a longer number, or of a row of a table
    if first == 0 and second == 0:
        if total <= 9 or _digit(scratch, 2) == 0 or _length(scratch, 0) < 2:
            return False
        return (groups > 1 or named > 0) and _is_international(scratch, groups, 2, total, codes)
    if _is_north_american(scratch, groups, shape, kinds):
        return True
    if in_parens:
        return _is_area_in_parens(scratch, groups, total)
    if groups == 1 and named == 0:
        return _different(scratch, total) > 2 and _is_mobile(scratch, total, in_chinese)
    if groups > 1 and first == 0 and second != 0 and 8 <= total <= 12:
        if (
            groups > 2
            and _divider_before(scratch, 1) in (_HYPHEN, _SLASH)
            and kinds & _SPACE
            and not kinds & _DOT
        ):
            return _length(scratch, 0) >= 2 and _length(scratch, groups - 1) >= 2  # 08-32 80 19
        if kinds & ~_DOT == 0 and groups < 3:
            return False
        if kinds & _PAREN == 0 and not (total == 8 and named < 1) and not _is_counting(scratch, shape):
            k = np.searchsorted(trunk, shape)
            if k < trunk.size and trunk[k] == shape:
                return True
    if shape == 344 and first == 1 and second >= 3 and kinds & (_DOT | _SLASH) == 0:
        return True  # a mobile telephone of China
    if (
        shape == 433
        and first == 1
        and (second == 3 or second == 8)
        and _digit(scratch, 2) == 0
        and not kinds & _DOT
    ):
        return True  # 1300 and 1800 of Australia
    if (shape == 13322 or shape == 1334) and (first == 8 or first == 7) and kinds & (_HYPHEN | _PAREN):
        return True  # Russia
    if shape == 3322 and kinds == _HYPHEN and first >= 3:
        return True
    if shape == 254 and _digit(scratch, 2) == 9 and kinds & _HYPHEN and kinds & _SPACE:
        return True  # a mobile telephone of Brazil
    if named < 1:
        return False
    if _different(scratch, total) < 3:
        return False
    if groups == 1:
        return total <= 12
    if kinds & _DOT and (kinds != _DOT or (groups != 3 and shape != 22222 and shape != 1334)):
        return False
    if shape == 324 and kinds == _HYPHEN:
        return False  # a social security number
    if shape == 44 and kinds & _HYPHEN and first < 3 and second in (0, 9):
        return False  # years
    for k in range(groups):
        if _length(scratch, k) < 2 and (k or first not in (1, 7, 8)):
            return False
    return kinds & _SLASH == 0 and total <= 13


@njit(cache=True, nogil=True)
def _different(scratch, total):
    """How many different digits a number has."""
    seen, different = 0, 0
    for k in range(total):
        bit = 1 << _digit(scratch, k)
        different += seen & bit == 0
        seen |= bit
    return different


@njit(cache=True, nogil=True)
def _is_mobile(scratch, total, in_chinese):
    """Whether digits without a divider have the length and beginning of a mobile telephone number.

    11 digits behind a trunk prefix, 11 of China among its writing, or 10 of France that are no ISBN.
    """
    first, second = _digit(scratch, 0), _digit(scratch, 1)
    if total == 11:
        return (first == 0 and second != 0) or (first == 1 and second >= 3 and in_chinese)
    if total != 10 or first != 0 or second not in (6, 7):
        return False
    check = 0
    for k in range(10):
        check += (10 - k) * _digit(scratch, k)
    return check % 11 != 0


@njit(cache=True, nogil=True)
def _is_north_american(scratch, groups, shape, kinds):
    """3-3-4 or 3-7, behind a 1 or not; the area begins with 2 to 9, but between parentheses, and is not N11."""
    area = 0
    if shape == 1334 and _digit(scratch, 0) == 1:
        area = 1
    elif not (shape == 334 or (shape == 37 and kinds & _PAREN)):
        return False
    if _digit(scratch, area) < 2 and not kinds & _PAREN and not (area and kinds == _HYPHEN):
        return False
    if kinds == _SPACE and _digit(scratch, area + 3) < 2:
        return False
    return not (_digit(scratch, area + 1) == 1 and _digit(scratch, area + 2) == 1)


@njit(cache=True, nogil=True)
def _is_area_in_parens(scratch, groups, total):
    """(11) 91234-5678, (030) 123456, (02) 9374 4000, (495) 123-45-67; not (2019) 123-145."""
    area = _length(scratch, 0)
    if not 2 <= area <= 6 or not 8 <= total <= 13:
        return False
    if _digit(scratch, 0) == 0:
        return _digit(scratch, 1) != 0
    if area > 3 or groups < 3 or total < 9:
        return False
    k = 1
    while k < groups and _length(scratch, k) >= 2:
        k += 1
    return k == groups


@njit(cache=True, nogil=True)
def _is_date(scratch, shape, kinds):
    """01-02-2023, 01.02.2023 14, 2023-01-02, in any numbers of digits that dates have."""
    if kinds & (_HYPHEN | _DOT | _SLASH) == 0:
        return False
    while shape > 9999:
        shape //= 10
    leading = _digit(scratch, 0) * 10 + _digit(scratch, 1)
    if shape == 224 or (2240 <= shape <= 2249):
        return (
            leading <= 31
            and _digit(scratch, 2) * 10 + _digit(scratch, 3) <= 31
            and 1 <= _digit(scratch, 4) <= 2
        )
    return (shape == 422 or 4220 <= shape <= 4229) and (leading == 19 or leading == 20)


@njit(cache=True, nogil=True)
def _is_counting(scratch, shape):
    """01 02 03 04 05."""
    if shape != 22222 and shape != 2222:
        return False
    for pair in range(3):
        one = _digit(scratch, 2 * pair) * 10 + _digit(scratch, 2 * pair + 1)
        if _digit(scratch, 2 * pair + 2) * 10 + _digit(scratch, 2 * pair + 3) != one + 1:
            return False
    return True

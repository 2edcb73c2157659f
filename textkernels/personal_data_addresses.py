"""Public IP addresses. Versions, section numbers and reserved ranges look alike and are none.

The ranges are those of the IANA special-purpose address registries (RFC 6890), as
`ipaddress.ip_address(...).is_global` has them, without multicast.
"""

from numba import njit

from textkernels.ascii_bytes import is_alnum, is_digit, is_hex, is_letter
from textkernels.nearby_words import nearest_word, word_table

_PARTS = 4
_SMALL = 32  # parts of versions and section numbers are below
_CONTEXT_BYTES = 24
_GROUPS, _GROUP_DIGITS = 8, 4


NUMBERED = word_table(
    "version", "versions", "ver", "release", "released", "section", "sections", "sec", "chapter", "rev", "revision",
    "build", "firmware", "update", "upgrade", "clause", "figure", "fig", "table", "appendix", "annex", "oid", "part",
    "v", "paragraph", "exercise", "theorem", "lemma", "definition", "patch", "sdk", "driver", "tag", "step", "item",
)  # fmt: skip
ADDRESSED = word_table(
    "ip", "ips", "ipv4", "host", "hosts", "server", "servers", "address", "addresses", "addr", "dns", "ping", "from",
    "nameserver", "gateway", "resolver", "client", "remote", "peer", "inet", "ssh", "curl", "http", "https",
)  # fmt: skip


@njit(cache=True, nogil=True)
def ipv4(data, first, end, at, numbered, addressed):
    """Where the public IPv4 address that begins at the digit `at` ends, -1 where none does."""
    address, small = 0, True
    k = at
    for part in range(_PARTS):
        if part:
            if k >= end or data[k] != 46:
                return -1
            k += 1
        start, value = k, 0
        while k < end and is_digit(data[k]):
            value = value * 10 + data[k] - 48
            k += 1
            if k - start > 3:
                return -1
        if k == start or value > 255 or (k - start > 1 and data[start] == 48):
            return -1
        small &= value < _SMALL
        address = address << 8 | value
    if not _is_public4(address) or not _stands_alone(data, first, end, at, k):
        return -1
    named_in_path = at - 2 >= first and data[at - 1] == 47 and is_letter(data[at - 2])
    if named_in_path and not _in_url(data, first, at):  # Browser/1.2.3.4
        return -1
    if at - 2 >= first and data[at - 2] == 0xC2 and data[at - 1] == 0xA7:  # the section sign
        return -1
    if at - 2 >= first and data[at - 1] == 47 and data[at - 2] == 47:
        return k
    named = nearest_word(data, max(first, at - _CONTEXT_BYTES), at, addressed, numbered)
    if named < 0 or (small and named == 0 and not _is_resolver(address)):
        return -1
    return k


@njit(cache=True, nogil=True)
def _is_resolver(address):
    """1.1.1.1 and 1.0.0.1, 8.8.8.8 and 8.8.4.4, 9.9.9.9, 4.2.2.1 and 4.2.2.2: small, and known to all."""
    return (
        address == 0x01010101
        or address == 0x01000001
        or address == 0x08080808
        or address == 0x08080404
        or address == 0x09090909
        or address == 0x04020201
        or address == 0x04020202
    )


@njit(cache=True, nogil=True)
def _stands_alone(data, first, end, start, stop):
    if start > first:
        before = data[start - 1]
        earlier = data[start - 2] if start - 2 >= first else 32
        if is_alnum(before) or before == 46 or before == 95 or before == 94 or before == 126:
            return False
        if before == 45 and is_letter(earlier):  # package-1.2.3.4
            return False
        if before == 61 and (
            earlier == 61 or earlier == 126 or earlier == 60 or earlier == 62 or earlier == 33
        ):
            return False  # package==1.2.3.4
    if stop < end:
        after = data[stop]
        later = data[stop + 1] if stop + 1 < end else 32
        if is_alnum(after) or after == 95 or (after == 46 and is_alnum(later) and not 65 <= later <= 90):
            return False
        if after == 45 and is_letter(later):
            return False
    return True


@njit(cache=True, nogil=True)
def _in_url(data, first, at):
    k = at - 1
    while k > first and k > at - 128 and data[k] > 32:
        if data[k] == 47 and data[k - 1] == 47:
            return True
        if data[k] == 61 or data[k] == 63:
            return False
        k -= 1
    return False


@njit(cache=True, nogil=True)
def _is_public4(address):
    top, top16, top24 = address >> 24, address >> 16, address >> 8
    return not (
        top == 0
        or top == 10
        or top == 127
        or top >= 224
        or address >> 22 == 100 << 2 | 1
        or top16 == 169 << 8 | 254
        or address >> 20 == 172 << 4 | 1
        or top16 == 192 << 8 | 168
        or top24 == 192 << 16
        or top24 == 192 << 16 | 2
        or address >> 17 == (198 << 8 | 18) >> 1
        or top24 == (198 << 16 | 51 << 8 | 100)
        or top24 == (203 << 16 | 113)
    )


@njit(cache=True, nogil=True)
def ipv6(data, first, end, colon):
    """The public IPv6 address whose first colon is `colon`: its start and end, or -1 and -1.

    All public ones lie in 2000::/3 and begin with a group of four digits.
    """
    start = colon - _GROUP_DIGITS
    if start < first or (data[start] != 50 and data[start] != 51):
        return -1, -1
    top = 0
    for k in range(start, colon):
        if not is_hex(data[k]):
            return -1, -1
        top = top << 4 | _hex_value(data[k])
    if start > first:
        before = data[start - 1]
        if is_alnum(before) or before == 46 or before == 95 or before == 45:
            return -1, -1
        if before == 58 and _is_group_before(data, first, start - 1):
            return -1, -1
    groups, gap, letters = 1, -1, 0
    second = 0
    at = colon
    for k in range(start, colon):
        letters += is_letter(data[k])
    while at < end and data[at] == 58:
        if at + 1 < end and data[at + 1] == 58:
            if gap >= 0:
                return -1, -1
            gap = groups
            at += 2
            if at >= end or not is_hex(data[at]):
                break
        elif at + 1 < end and is_hex(data[at + 1]):
            at += 1
        else:
            break
        group, value = at, 0
        while at < end and is_hex(data[at]):
            value = value << 4 | _hex_value(data[at])
            letters += is_letter(data[at])
            at += 1
            if at - group > _GROUP_DIGITS:
                return -1, -1
        if groups == 1 and gap < 0:
            second = value
        groups += 1
        if groups > _GROUPS:
            return -1, -1
    if at < end and (is_alnum(data[at]) or data[at] == 95):
        return -1, -1
    whole = groups == _GROUPS if gap < 0 else groups < _GROUPS
    # A slice such as [2000::2] is short and has no letters.
    if not whole or (groups < 3 and letters == 0):
        return -1, -1
    if (top == 0x2001 and (second < 0x200 or second == 0xDB8)) or top == 0x2002:
        return -1, -1
    if top == 0x3FFF and second < 0x1000:
        return -1, -1
    return start, at


@njit(cache=True, nogil=True)
def _is_group_before(data, first, colon):
    """Whether a group of hexadecimal digits, or another colon, ends at `colon`."""
    k = colon
    while k > first and is_hex(data[k - 1]) and k > colon - _GROUP_DIGITS - 1:
        k -= 1
    if k == colon:
        return k > first and data[k - 1] == 58
    return colon - k <= _GROUP_DIGITS and (k == first or not is_alnum(data[k - 1]))


@njit(cache=True, nogil=True)
def _hex_value(byte):
    return byte - 48 if byte <= 57 else (byte | 0x20) - 87

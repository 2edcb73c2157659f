"""E-mail addresses: what stands on both sides of an @."""

from pathlib import Path

import numpy as np
from numba import njit

from textkernels.ascii_bytes import is_alnum, is_digit, is_hex, is_letter, is_lower, is_upper, lower
from textkernels.mixing import mix64

_LOCAL_BYTES, _DOMAIN_BYTES, _LABEL_BYTES = 64, 255, 63  # RFC 5321, 4.5.3.1; RFC 1035, 2.3.4
_USERINFO_BYTES = 64


def _label_hash(label: bytes) -> int:
    return int(_hash_label(np.frombuffer(label, np.uint8), 0, len(label)))


@njit(cache=True, nogil=True)
def _hash_label(data, start, end):
    h = np.uint64(0)
    for k in range(start, end):
        h = mix64(h ^ np.uint64(lower(data[k])))
    return h


def _top_level_domains() -> np.ndarray:
    """Hashes of the top-level domains, ascending uint64."""
    lines = (Path(__file__).parent / "top_level_domains.txt").read_text(encoding="ascii").splitlines()
    return np.sort(np.array([_label_hash(line.encode()) for line in lines if line[0] != "#"], np.uint64))


TOP_LEVEL_DOMAINS = _top_level_domains()
TOP_LEVEL_DOMAINS.flags.writeable = False


@njit(cache=True, nogil=True)
def _is_top_level(data, start, end, top_level):
    if end - start < 2 or not is_letter(data[start]):
        return False
    h = _hash_label(data, start, end)
    k = np.searchsorted(top_level, h)
    return k < top_level.size and top_level[k] == h


@njit(cache=True, nogil=True)
def _is_latin_pair(byte, after):
    """Whether two bytes are a letter of the blocks Latin-1 Supplement, Latin Extended-A or -B."""
    return 0xC3 <= byte <= 0xC9 and 0x80 <= after <= 0xBF


@njit(cache=True, nogil=True)
def email(data, first, end, at, after, top_level):
    """The e-mail address whose @ is `at:after` in the document `first:end`.

    Args:
        data: uint8[n].
        top_level: hashes of the top-level domains, ascending uint64.

    Returns:
        Start and end of the address, -1 and -1 where there is none.
    """
    start = _local_start(data, first, at)
    if start < 0:
        return -1, -1
    stop = _domain_end(data, after, end, top_level)
    if stop < 0 or _is_other(data, first, end, start, at, stop):
        return -1, -1
    if data[start] == 95 and stop < end and data[stop] == 95:  # _jane@site.org_ of Markdown
        while data[start] == 95:
            start += 1
    return (start, stop) if start < at else (-1, -1)


@njit(cache=True, nogil=True)
def _local_start(data, first, at):
    """Where the local part that ends at `at` begins, -1 where none does."""
    start = at
    while start > first:
        byte = data[start - 1]
        if is_alnum(byte) or byte == 95 or byte == 45 or byte == 43:
            start -= 1
        elif byte == 46:  # never two in a row
            if start < at and data[start] == 46:
                break
            start -= 1
        elif start - 1 > first and (
            _is_latin_pair(data[start - 2], byte)
            or (byte == 39 and start < at and _is_initial(data, first, start - 1))
        ):
            start -= 2
        else:
            break
        if at - start > _LOCAL_BYTES:
            return -1
    if start > first:
        byte = data[start - 1]
        if byte == 64:  # @name@host, a handle
            return -1
        if byte == 37:  # %3Cjane, or a format string's %s
            if start + 2 < at and is_hex(data[start]) and is_hex(data[start + 1]):
                start += 2
            elif at - start <= 2:
                return -1
        elif byte == 92 and start < at:  # an escape in a string literal
            if data[start] == 117 and start + 5 < at:
                start += 5
            elif data[start] == 110 or data[start] == 114 or data[start] == 116:
                start += 1
    while start < at and (data[start] == 46 or data[start] == 45 or data[start] == 43):
        start += 1
    if start == at or data[at - 1] == 46:
        return -1
    for k in range(start, at):
        if is_alnum(data[k]) or data[k] >= 0x80:
            return start
    return -1


@njit(cache=True, nogil=True)
def _is_initial(data, first, apostrophe):
    """Whether an apostrophe is that of a name such as O'Brien or D'Angelo."""
    if apostrophe <= first:
        return False
    letter = data[apostrophe - 1] | 0x20
    before = apostrophe - 2
    return (letter == 111 or letter == 100) and (
        before < first or not (is_alnum(data[before]) or data[before] >= 0x80)
    )


@njit(cache=True, nogil=True)
def _domain_end(data, after, end, top_level):
    """Where the domain that begins at `after` ends, behind a top-level domain; -1 where none does."""
    end = min(end, after + _DOMAIN_BYTES)
    at, good, label = after, -1, after
    beyond = -1  # the first label behind the last top-level domain
    has_upper = False
    while True:
        label = at
        while at < end:
            byte = data[at]
            if is_alnum(byte) or (byte == 45 and at > label):
                has_upper |= is_upper(byte)
                at += 1
            elif at + 1 < end and _is_latin_pair(byte, data[at + 1]):
                at += 2
            else:
                break
        if at == label or at - label > _LABEL_BYTES:
            break
        if label == after:
            if at - label == 2 and is_digit(data[label]) and data[label + 1] == 120:
                return -1  # @2x, an image for dense screens
        elif _is_top_level(data, label, at, top_level):
            good, beyond = at, -1
        elif beyond < 0:
            beyond = label
        if at + 1 >= end or data[at] != 46:
            break
        if good == at and not has_upper and is_upper(data[at + 1]):
            break  # the next sentence
        at += 1
    if good == at or label == after:
        return good
    # jane@site.org--and, but not the hyphens of xn--
    stop = label
    while stop < at and data[stop] != 45:
        stop += 1
    if stop < at and _is_top_level(data, label, stop, top_level):
        return stop
    # What goes on in lower case is no sentence behind an address, but a path of names.
    return -1 if beyond >= 0 and is_lower(data[beyond]) else good


@njit(cache=True, nogil=True)
def _is_other(data, first, end, start, at, stop):
    """Whether start:stop is a login of a URL or a remote path, or an expression of a program."""
    if stop < end and (data[stop] == 40 or data[stop] == 91):
        return True
    if at - start == 3 and data[start] == 103 and data[start + 1] == 105 and data[start + 2] == 116:
        return True  # git@
    if stop + 1 < end and data[stop] == 58:
        # user@host:path, where the path has a slash or is one of a home folder
        k = stop + 1
        while k < end and k < stop + _DOMAIN_BYTES and (
            is_alnum(data[k]) or data[k] == 46 or data[k] == 45 or data[k] == 95
        ):  # fmt: skip
            k += 1
        if k < end and (data[k] == 47 or data[k] == 126) and not (
            k + 1 < end and data[k] == 47 and data[k + 1] == 47
        ):  # fmt: skip
            return True
    # scheme://user@host and scheme://user:password@host
    k = start
    while k > first and k > start - _USERINFO_BYTES:
        byte = data[k - 1]
        if byte == 47:
            return k - 2 >= first and data[k - 2] == 47 and (k == start or _has_colon(data, k, start))
        if byte <= 32 or byte == 34 or byte == 60 or byte == 40 or byte == 44 or byte == 63 or byte == 61:
            return False
        k -= 1
    return False


@njit(cache=True, nogil=True)
def _has_colon(data, start, end):
    k = start
    while k < end and data[k] != 58:
        k += 1
    return k < end

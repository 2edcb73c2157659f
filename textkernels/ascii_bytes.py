"""Classes of ASCII bytes, for kernels that read text a byte at a time."""

from numba import njit


@njit(cache=True, nogil=True)
def is_digit(byte):
    return 48 <= byte <= 57


@njit(cache=True, nogil=True)
def is_lower(byte):
    return 97 <= byte <= 122


@njit(cache=True, nogil=True)
def is_upper(byte):
    return 65 <= byte <= 90


@njit(cache=True, nogil=True)
def is_letter(byte):
    return 97 <= (byte | 0x20) <= 122


@njit(cache=True, nogil=True)
def is_alnum(byte):
    return 97 <= (byte | 0x20) <= 122 or 48 <= byte <= 57


@njit(cache=True, nogil=True)
def is_hex(byte):
    return 97 <= (byte | 0x20) <= 102 or 48 <= byte <= 57


@njit(cache=True, nogil=True)
def lower(byte):
    """The byte, an upper-case letter as its lower-case one."""
    return byte | 0x20 if 65 <= byte <= 90 else byte


@njit(cache=True, nogil=True)
def stands_at(data, at, end, literal):
    """Whether the bytes `literal`, uint8[n], stand at `at`, before `end`."""
    if at < 0 or at + literal.size > end:
        return False
    k = 0
    while k < literal.size and data[at + k] == literal[k]:
        k += 1
    return k == literal.size

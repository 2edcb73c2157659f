"""Hashes of spans of bytes, and a table of those met before."""

import secrets

import numpy as np
from numba import njit

from textkernels.mixing import mix64
from textkernels.simd import load64, low_bytes
from textkernels.utf8 import bytes_ahead

SALT = np.uint64(secrets.randbits(64) | 1)
"""Where a hash stands in a table. Another one in each process, so that no text can be made whose hashes
crowd together; it has no influence on any result."""

_K0, _K1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_K2, _K3 = np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB)
_S32 = np.uint64(32)


@njit(forceinline=True)
def _stir(state, chunk, factor):
    state = (state ^ chunk) * factor
    return state ^ state >> _S32


@njit(forceinline=True)
def hash_span(base, start, end, size):
    """A 64-bit hash of the bytes start:end of `size` bytes at address `base`."""
    a = np.uint64(end - start) * _K0
    at = start
    if end - start >= 32:
        b, c, d = _K1, _K2, _K3
        while at + 32 <= end:
            a = _stir(a, load64(base + at), _K0)
            b = _stir(b, load64(base + at + 8), _K1)
            c = _stir(c, load64(base + at + 16), _K2)
            d = _stir(d, load64(base + at + 24), _K3)
            at += 32
        a = mix64(a ^ b * _K2) ^ mix64(c ^ d * _K0)
    while at < end:
        a = mix64(a ^ bytes_ahead(base, at, size) & low_bytes(min(8, end - at)))
        at += 8
    return mix64(a)


@njit(nogil=True)
def new_table(most):
    """A table for `most` hashes: hashes uint64, stamps int32 and tallies int32, all of 2^k slots."""
    slots = np.int64(np.uint64(1) << np.uint64(64) - shift_for(most))
    return np.empty(slots, np.uint64), np.zeros(slots, np.int32), np.empty(slots, np.int32)


@njit(forceinline=True)
def find_slot(hashes, stamps, shift, stamp, salt, h):
    """Where a hash is or belongs in a table of which 2^(64 - shift) slots are used.

    A slot is taken where `stamps` has `stamp`: the table is emptied by the next stamp, counted up
    from 1. Not more than half of the slots may be taken.
    """
    last = np.int64((~np.uint64(0)) >> shift)
    slot = np.int64(h * salt >> shift)
    while stamps[slot] == stamp and hashes[slot] != h:
        slot = (slot + 1) & last
    return slot


@njit(forceinline=True)
def shift_for(most):
    """The shift of a table that holds `most` hashes."""
    bits = 4
    while 1 << bits < 2 * most:
        bits += 1
    return np.uint64(64 - bits)

"""Bytes of 64 at a time as bit masks: bit k of a mask is about the byte at address + k.

Memory is given by its address, see `simd`; 64 bytes must be readable there.
"""

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

from textkernels.simd import load8

BLOCK = 64
AHEAD = 8  # bytes behind a block that are readable too, for characters that begin in it

_LANES = ir.VectorType(ir.IntType(8), BLOCK)


def _splat(builder, value):
    byte = builder.trunc(value, ir.IntType(8))
    one = builder.insert_element(ir.Constant(_LANES, ir.Undefined), byte, ir.IntType(32)(0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), BLOCK), [0] * BLOCK)
    return builder.shuffle_vector(one, ir.Constant(_LANES, ir.Undefined), places)


def _load(builder, address):
    return builder.load(builder.inttoptr(address, _LANES.as_pointer()), align=1)


@intrinsic
def between64(typingctx, address, low, count):
    """Which of the bytes are low, low + 1, ... or low + count - 1, as uint64."""

    def codegen(context, builder, signature, args):
        above = builder.sub(_load(builder, args[0]), _splat(builder, args[1]))
        return builder.bitcast(builder.icmp_unsigned("<", above, _splat(builder, args[2])), ir.IntType(64))

    return types.uint64(types.int64, types.int64, types.int64), codegen


@intrinsic
def equal64(typingctx, address, byte):
    """Which of the bytes are `byte`, as uint64."""

    def codegen(context, builder, signature, args):
        equal = builder.icmp_unsigned("==", _load(builder, args[0]), _splat(builder, args[1]))
        return builder.bitcast(equal, ir.IntType(64))

    return types.uint64(types.int64, types.int64), codegen


@intrinsic
def letter64(typingctx, address, lower):
    """Which of the bytes are an ASCII letter, given in lower case, in either case, as uint64."""

    def codegen(context, builder, signature, args):
        folded = builder.or_(_load(builder, args[0]), ir.Constant(_LANES, [0x20] * BLOCK))
        return builder.bitcast(builder.icmp_unsigned("==", folded, _splat(builder, args[1])), ir.IntType(64))

    return types.uint64(types.int64, types.int64), codegen


@njit(forceinline=True)
def block_address(base, at, end, size, tail):
    """Where byte `at` and BLOCK + AHEAD bytes from it on are readable.

    Args:
        base: address of the data, of `size` bytes.
        end: where the document ends; what is read behind it may be anything.
        tail: uint8[BLOCK + AHEAD], where they are copied to if they are not readable in place.
    """
    if at + BLOCK + AHEAD <= size:
        return base + at
    left = min(BLOCK + AHEAD, end - at)
    for k in range(left):
        tail[k] = np.uint8(load8(base + at + k))
    tail[left:] = 0
    return tail.ctypes.data

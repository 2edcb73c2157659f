"""What Numba lacks for reading bytes many at a time: raw memory and LLVM vector instructions.

LLVM lowers them to what the processor has (AVX2, SSE2, NEON). Memory is given by its address, as
``array.ctypes.data`` has it, so that helpers of a kernel need not pass arrays on, each pass of
which would count references. Nothing here checks bounds, and the caller keeps the array alive.
"""

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.extending import intrinsic


def _load(builder, address, type_: ir.Type):
    return builder.load(builder.inttoptr(address, type_.as_pointer()), align=1)


@intrinsic
def load8(typingctx, address):
    """The byte at an address, as int64."""

    def codegen(context, builder, signature, args):
        return builder.zext(_load(builder, args[0], ir.IntType(8)), ir.IntType(64))

    return types.int64(types.int64), codegen


@intrinsic
def load16(typingctx, address):
    """The 2 bytes at an address as a little-endian number, int64."""

    def codegen(context, builder, signature, args):
        return builder.zext(_load(builder, args[0], ir.IntType(16)), ir.IntType(64))

    return types.int64(types.int64), codegen


@intrinsic
def load64(typingctx, address):
    """The 8 bytes at an address as a little-endian uint64."""

    def codegen(context, builder, signature, args):
        return _load(builder, args[0], ir.IntType(64))

    return types.uint64(types.int64), codegen


@intrinsic
def store64(typingctx, address, value):
    """Write a uint64 to an address."""

    def codegen(context, builder, signature, args):
        place = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        builder.store(args[1], place, align=1)
        return context.get_dummy_value()

    return types.void(types.int64, types.uint64), codegen


@intrinsic
def prefetch(typingctx, address):
    """Have the cache line of an address fetched, to be read soon. Any address will do."""

    def codegen(context, builder, signature, args):
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        arguments = [builder.inttoptr(args[0], byte), number(0), number(3), number(1)]
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0"), arguments)
        return context.get_dummy_value()

    return types.void(types.int64), codegen


def _masks(count: int):
    """Type and code of an intrinsic that classifies `count` bytes."""
    lanes, word = ir.VectorType(ir.IntType(8), count), ir.IntType(64)

    def splat(value: int):
        return ir.Constant(lanes, [value] * count)

    def codegen(context, builder, signature, args):
        block = _load(builder, args[0], lanes)
        lower = builder.or_(block, splat(0x20))
        letter = builder.icmp_unsigned("<", builder.sub(lower, splat(ord("a"))), splat(26))
        digit = builder.icmp_unsigned("<", builder.sub(block, splat(ord("0"))), splat(10))
        beyond = builder.icmp_signed("<", block, splat(0))
        masks = [builder.bitcast(mask, ir.IntType(count)) for mask in (builder.or_(letter, digit), beyond)]
        if count < 64:
            masks = [builder.zext(mask, word) for mask in masks]
        return context.make_tuple(builder, signature.return_type, masks)

    return types.UniTuple(types.uint64, 2)(types.int64), codegen


@intrinsic
def masks64(typingctx, address):
    """Classes of the 64 bytes at an address, bit k of a mask for byte k.

    Returns two uint64: which are ASCII letters or digits, and which are not ASCII.
    """
    return _masks(64)


@intrinsic
def masks16(typingctx, address):
    """As `masks64`, of 16 bytes: the low 16 bits of the masks."""
    return _masks(16)


@intrinsic
def trailing_zeros(typingctx, value):
    """The place of the lowest set bit of a uint64; 64 where there is none."""

    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], cgutils.false_bit)

    return types.int64(types.uint64), codegen


@intrinsic
def ones(typingctx, value):
    """The number of set bits of a uint64."""

    def codegen(context, builder, signature, args):
        return builder.ctpop(args[0])

    return types.int64(types.uint64), codegen


@njit(forceinline=True)
def low_bytes(count):
    """A uint64 of which the lowest `count` bytes, 0 to 8, are all ones."""
    # In two shifts, for a shift by 64 is undefined.
    return ~(_ONES << np.uint64(4 * count) << np.uint64(4 * count))


@njit(forceinline=True)
def low_bits(count):
    """A uint64 of which the lowest `count` bits, 0 to 64, are ones."""
    half = np.uint64(count >> 1)
    return ~(_ONES << half << (np.uint64(count) - half))


_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)

"""Where personal data may be: bytes that it can't be without, 64 at a time."""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

_BLOCK = 64


@intrinsic
def anchors64(typingctx, address):
    """Classes of the 64 bytes at an address, bit k of a mask for byte k.

    Returns three uint64: which are ASCII letters, digits or underscores; which are one of ``@%:=``;
    and which are hyphens.
    """
    lanes, word = ir.VectorType(ir.IntType(8), _BLOCK), ir.IntType(_BLOCK)

    def codegen(context, builder, signature, args):
        def splat(value: int):
            return ir.Constant(lanes, [value] * _BLOCK)

        def equal(character: str):
            return builder.icmp_unsigned("==", block, splat(ord(character)))

        block = builder.load(builder.inttoptr(args[0], lanes.as_pointer()), align=1)
        lower = builder.or_(block, splat(0x20))
        letter = builder.icmp_unsigned("<", builder.sub(lower, splat(ord("a"))), splat(26))
        digit = builder.icmp_unsigned("<", builder.sub(block, splat(ord("0"))), splat(10))
        words = builder.or_(builder.or_(letter, digit), equal("_"))
        signs = builder.or_(builder.or_(equal("@"), equal("%")), builder.or_(equal(":"), equal("=")))
        masks = [builder.bitcast(mask, word) for mask in (words, signs, equal("-"))]
        return context.make_tuple(builder, signature.return_type, masks)

    return types.UniTuple(types.uint64, 3)(types.int64), codegen

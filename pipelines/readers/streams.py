"""Bytes of a file as chunks of bounded size, unpacked where the file is packed."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

import zstandard

READ_BYTES = 2_000_000
_PACKED_BYTES = 65_536
_UNPACKED_BYTES = 1_000_000
# A zstd block is at least 4 bytes and unpacks to at most 128 KB: what a slice unpacks to is under 34 MB.
_ZSTD_SLICE = 1024


class BrokenStream(Exception):
    """A packed stream can't be unpacked any further. `reason` is truncated or corrupt."""

    def __init__(self, reason: str, detail: str):
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def plain_chunks(stream: BinaryIO, start: int = 0) -> Iterator[bytes]:
    """Bytes from `start` on."""
    stream.seek(start)
    while chunk := stream.read(READ_BYTES):
        yield chunk


def gzip_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Bytes of a gzip file of any number of members; zeros after a member are padding.

    Raises BrokenStream after all that could be unpacked.
    """
    member, begun = zlib.decompressobj(wbits=31), False
    while packed := stream.read(_PACKED_BYTES):
        is_full = False
        while packed or is_full:
            if not begun:
                packed = packed.lstrip(b"\0")
                begun = bool(packed)
            before = member.copy()
            try:
                data = member.decompress(packed, _UNPACKED_BYTES)
            except zlib.error as error:
                yield from filter(None, until_error(before, packed))
                raise BrokenStream("corrupt", str(error)) from None
            if data:
                yield data
            # What fills its room may have left more inside.
            is_full = len(data) == _UNPACKED_BYTES and not member.eof
            packed = member.unconsumed_tail
            if member.eof:
                packed = member.unused_data
                member, begun = zlib.decompressobj(wbits=31), False
    if begun:
        raise BrokenStream("truncated", "the gzip stream ends before its end mark")


def until_error(member: "zlib._Decompress", packed: bytes) -> Iterator[bytes]:
    """What each byte before the broken one unpacks to, often nothing: a failed call keeps it to itself."""
    for position in range(len(packed)):
        try:
            yield member.decompress(packed[position : position + 1])
        except zlib.error:
            return


def zstd_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Bytes of a zstd file of any number of frames. Raises BrokenStream after all that could be unpacked."""
    unpacker = zstandard.ZstdDecompressor()
    frame, begun = unpacker.decompressobj(), False
    while block := stream.read(_PACKED_BYTES):
        for start in range(0, len(block), _ZSTD_SLICE):
            packed = block[start : start + _ZSTD_SLICE]
            while packed:
                begun = True
                try:
                    data = frame.decompress(packed)
                except zstandard.ZstdError as error:
                    raise BrokenStream("corrupt", str(error)) from None
                if data:
                    yield data
                packed = b""
                if frame.eof:
                    packed = frame.unused_data
                    frame, begun = unpacker.decompressobj(), False
    if begun:
        raise BrokenStream("truncated", "the zstd stream ends inside a frame")

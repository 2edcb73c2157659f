"""Bytes of web archives, plain or gzip: what is broken is told and passed, what comes after is found again."""

import zlib
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pipelines.readers.streams import BrokenStream, plain_chunks, until_error

_PACKED_BYTES = 65_536
# Most members are a page: what was read beyond their end is read again.
_FIRST_PACKED_BYTES = 4_096
_UNPACKED_BYTES = 1_000_000
_MAGIC = b"\x1f\x8b\x08"


class Chunk(NamedTuple):
    """Bytes of an archive. member: the place in the file of the gzip member that begins with them, None where none
    does. broken: why nothing more can be unpacked before the next chunk; with `member`, of one that gave nothing.
    """

    data: bytes
    member: int | None = None
    broken: BrokenStream | None = None


def archive_chunks(stream: BinaryIO, is_packed: bool) -> Iterator[Chunk]:
    """The bytes of a file, unpacked. After a gzip member that breaks, the next that begins anywhere follows."""
    if is_packed:
        yield from _unpacked(stream)
    else:
        yield from map(Chunk, plain_chunks(stream))


def _unpacked(stream: BinaryIO) -> Iterator[Chunk]:
    start: int | None = 0
    is_guess = False
    while start is not None:
        member = _Member(stream, start)
        yield from member.chunks()
        if member.broken is None:
            start, is_guess = member.end, False
            continue
        if member.has_data or not is_guess:
            yield Chunk(b"", None if member.has_data else member.start, member.broken)
        # What broke may have lost its end, so the next may begin inside it. A guess that broke is not searched
        # again: time stays in proportion to the file.
        start = _next_magic(stream, max(member.end or 0, start + 1) if is_guess else start + 1)
        is_guess = True


class _Member:
    """One gzip member that begins at `start`, or after zeros there. After `chunks`: end is where the next begins
    (where it broke, if it is broken), None at the end of the file."""

    def __init__(self, stream: BinaryIO, start: int):
        self.start = start
        self.end: int | None = None
        self.broken: BrokenStream | None = None
        self.has_data = False
        self._stream = stream

    def chunks(self) -> Iterator[Chunk]:
        self._stream.seek(self.start)
        unpacker, begun, position = zlib.decompressobj(wbits=31), False, self.start
        size = _FIRST_PACKED_BYTES
        while packed := self._stream.read(size):
            size = min(4 * size, _PACKED_BYTES)
            position += len(packed)
            if not begun:
                packed = packed.lstrip(b"\0")
                begun = bool(packed)
                self.start = position - len(packed)
            is_full = False
            while packed or is_full:
                before = unpacker.copy()
                try:
                    data = unpacker.decompress(packed, _UNPACKED_BYTES)
                except zlib.error as error:
                    self.end = position - len(packed)
                    for part in until_error(before, packed):
                        self.end += 1
                        yield from self._chunk(part)
                    self.broken = BrokenStream("corrupt", str(error))
                    return
                yield from self._chunk(data)
                if unpacker.eof:
                    self.end = position - len(unpacker.unused_data)
                    return
                is_full = len(data) == _UNPACKED_BYTES
                packed = unpacker.unconsumed_tail
        if begun:
            self.broken = BrokenStream("truncated", "the gzip stream ends before its end mark")
            self.end = position

    def _chunk(self, data: bytes) -> Iterator[Chunk]:
        if data:
            yield Chunk(data, None if self.has_data else self.start)
            self.has_data = True


def _next_magic(stream: BinaryIO, start: int) -> int | None:
    """Where the next gzip member seems to begin."""
    stream.seek(start)
    position, kept = start, b""
    while block := stream.read(_PACKED_BYTES):
        data = kept + block
        found = data.find(_MAGIC)
        if found >= 0:
            return position - len(kept) + found
        position += len(block)
        kept = data[-(len(_MAGIC) - 1) :]
    return None


class Window:
    """The bytes of an archive from `position` on, as many as were asked for. Nothing is read past a break before
    `pass_break`."""

    def __init__(self, chunks: Iterator[Chunk]):
        self.data = bytearray()
        self.position = 0
        self.broken: BrokenStream | None = None
        self.is_inside_broken = False
        """Whether the last of the bytes before the break belong to the member that broke."""
        self._chunks = chunks
        self._members: deque[tuple[int, int]] = deque()

    def more(self) -> bool:
        """Read one chunk more; False at a break and at the end."""
        if self.broken is not None:
            return False
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        if chunk.member is not None:
            self._members.append((self.position + len(self.data), chunk.member))
        self.broken = chunk.broken
        self.is_inside_broken = chunk.broken is not None and chunk.member is None
        self.data += chunk.data
        return self.broken is None

    def fill(self, count: int) -> bool:
        """Whether there are `count` bytes before a break or the end."""
        while len(self.data) < count and self.more():
            pass
        return len(self.data) >= count

    def drop(self, count: int) -> None:
        del self.data[:count]
        self.position += count

    def pass_break(self) -> None:
        """Leave what stands before the break, and go on after it."""
        self.drop(len(self.data))
        self.broken, self.is_inside_broken = None, False

    def member(self) -> tuple[int, int] | None:
        """Place in the file of the gzip member that `position` lies in, and where it began, as a position; None in a
        plain file."""
        while len(self._members) > 1 and self._members[1][0] <= self.position:
            self._members.popleft()
        return (self._members[0][1], self._members[0][0]) if self._members else None

"""Lines out of chunks of bytes. No line is held that is longer than asked for."""

import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipelines.readers.streams import BrokenStream

EXCERPT_BYTES = 200


class Line(NamedTuple):
    """One line without its newline. Of a line that has a `reason` to be bad, `data` is only the start."""

    offset: int
    data: bytes
    reason: str | None = None
    detail: str = ""


class _Held:
    """A line that comes in parts; past `longest` bytes only its start is kept."""

    def __init__(self, longest: int):
        self.longest = longest
        self.parts: list[bytes] = []
        self.length = 0

    def add(self, part: bytes) -> None:
        self.length += len(part)
        self.parts.append(part)
        if self.length > self.longest:
            self.parts = [self.start()]

    def start(self) -> bytes:
        return b"".join(part[:EXCERPT_BYTES] for part in self.parts)[:EXCERPT_BYTES]

    def line(self, offset: int) -> Line:
        if self.length > self.longest:
            return _oversize(offset, self.start(), self.longest)
        return Line(offset, b"".join(self.parts))


def _oversize(offset: int, start: bytes, longest: int) -> Line:
    return Line(offset, start, "oversize", f"the line is longer than {longest} bytes")


def split_lines(
    chunks: Iterable[bytes], longest: int, start: int = 0, end: int = sys.maxsize
) -> Iterator[Line]:
    """Lines whose first byte lies in [start, end), in order.

    chunks: the bytes from max(start - 1, 0) on: where `start` is inside a line, that line is another
    range's. A line of more than `longest` bytes comes as `oversize`; a stream that breaks ends with one
    line that says so, of whatever stood there. The last line needs no newline, but has a byte.
    """
    held = _Held(longest)
    begin = max(start - 1, 0)
    is_ours = start == 0
    try:
        for chunk in chunks:
            first, *others = chunk.split(b"\n")
            held.add(first)
            if others:
                if is_ours:
                    yield held.line(begin)
                begin += held.length + 1
                is_ours = True
                held = _Held(longest)
                held.add(others.pop())
            for part in others:
                if begin >= end:
                    return
                whole = len(part) <= longest
                yield Line(begin, part) if whole else _oversize(begin, part[:EXCERPT_BYTES], longest)
                begin += len(part) + 1
            is_decided = not is_ours or held.length > max(longest, EXCERPT_BYTES)
            if begin >= end or (is_decided and begin + held.length >= end):
                break
    except BrokenStream as broken:
        yield Line(begin, held.start(), broken.reason, broken.detail)
        return
    if is_ours and held.length and begin < end:
        yield held.line(begin)

"""Segment files of the answer store: records framed with length and checksum.

A file begins with MAGIC. A record is its length and CRC-32 (little-endian uint32 each), then the key (16 bytes),
the status (uint16), the charge (completion tokens uint64, money uint64), and the body. A file is written once, from
its start; what a kill tore off at its end is not read.
"""

import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .charge import Charge

MAGIC = b"ANSWERS1"
FAILED = 0
UNASKED = 1
_FRAME = struct.Struct("<II")
_HEAD = struct.Struct("<16sHQQ")
_NAME = re.compile(r"answers-(\d{6})-(\d{4})-(\d{4})\.seg")


class SegmentName(NamedTuple):
    """generation: counts the starts of the run. lane: who wrote it. number: counts the lane's files."""

    generation: int
    lane: int
    number: int

    @property
    def file(self) -> str:
        return f"answers-{self.generation:06d}-{self.lane:04d}-{self.number:04d}.seg"


@dataclass(frozen=True)
class Record:
    """key: 32 hex digits. status: HTTP status; or FAILED or UNASKED, where the body is our own word for why."""

    key: str
    status: int
    body: bytes
    charge: Charge


def encode(record: Record) -> bytes:
    head = _HEAD.pack(bytes.fromhex(record.key), record.status, *record.charge)
    checksum = zlib.crc32(record.body, zlib.crc32(head))
    return b"".join((_FRAME.pack(len(head) + len(record.body), checksum), head, record.body))


def segments(folder: Path) -> list[SegmentName]:
    """All segments of a folder in the order of generation, lane, number."""
    found = (_NAME.fullmatch(entry) for entry in os.listdir(folder))
    return sorted(SegmentName(*map(int, match.groups())) for match in found if match)


def read_segment(path: Path) -> Iterator[tuple[int, Record]]:
    """Offset and record of every whole record. One that is damaged is passed over, a torn end is left out."""
    data = path.read_bytes()
    at = len(MAGIC) if data.startswith(MAGIC) else len(data)
    while len(data) >= at + _FRAME.size:
        length, checksum = _FRAME.unpack_from(data, at)
        start = at + _FRAME.size
        payload = data[start : start + length]
        if not _HEAD.size <= length == len(payload):
            return
        record = _decode(payload, checksum)
        if record is not None:
            yield at, record
        at = start + length


def read_record(path: Path, offset: int) -> Record:
    """Raises ValueError where no whole record stands there."""
    with path.open("rb") as file:
        file.seek(offset)
        frame = file.read(_FRAME.size)
        length, checksum = _FRAME.unpack(frame) if len(frame) == _FRAME.size else (0, 0)
        record = _decode(file.read(length), checksum)
    if record is None:
        raise ValueError(f"{path}: the record at byte {offset} is damaged")
    return record


def _decode(payload: bytes, checksum: int) -> Record | None:
    if len(payload) < _HEAD.size or zlib.crc32(payload) != checksum:
        return None
    key, status, tokens, money = _HEAD.unpack_from(payload)
    return Record(key.hex(), status, payload[_HEAD.size :], Charge(tokens, money))


class SegmentWriter:
    """Writes one new segment. Raises FileExistsError where the name is taken, OSError where the disk fails."""

    def __init__(self, path: Path):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        self.size = 0
        self._write(MAGIC)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def append(self, frames: list[bytes]) -> list[int]:
        """Offsets of the frames, which are on disk when this returns."""
        offsets, at = [], self.size
        for frame in frames:
            offsets.append(at)
            at += len(frame)
        self._write(b"".join(frames))
        os.fsync(self._file)
        return offsets

    def _write(self, data: bytes) -> None:
        self.size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]

    def close(self) -> None:
        os.close(self._file)

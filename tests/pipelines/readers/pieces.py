"""Files of test records, and what comes of reading them piece by piece."""

import gzip
import itertools
import os
from pathlib import Path

import zstandard

from pipelines.readers.files import filesystem, format_of, version_of
from pipelines.readers.piece import read_piece
from schemas.config import Input
from schemas.plan import InputFile, Piece

PACK = {".jsonl": bytes, ".jsonl.gz": gzip.compress, ".jsonl.zst": zstandard.compress}


def input_file(path: Path) -> InputFile:
    fs, name = filesystem(str(path))
    info = fs.info(name)
    return InputFile(
        path=str(path),
        name=path.name,
        input=0,
        format=format_of(str(path)),
        size=info["size"],
        version=version_of(info),
    )


def lines_file(folder: Path, data: bytes, suffix: str = ".jsonl") -> InputFile:
    path = folder / f"f{suffix}"
    path.write_bytes(PACK[suffix](data))
    os.utime(path, (0, 0))
    return input_file(path)


def ranges(edges):
    return [Piece(file=0, start=start, end=end) for start, end in itertools.pairwise(edges)]


WHOLE = (Piece(file=0, start=0, end=0),)


def read(file: InputFile, pieces=WHOLE, document_bytes=1000, **columns):
    """Usable records as dicts and bad ones, each with its ordinal in the file put first."""
    usable, bad, before = [], [], 0
    given = Input(path=file.path, bucket="web", **columns)
    for piece in pieces:
        count = 0
        for records in read_piece(file, piece, given, document_bytes):
            records.usable.validate(full=True)
            rows = zip(records.rows.tolist(), records.usable.to_pylist(), strict=True)
            usable += [(before + row, record) for row, record in rows]
            bad += [(before + one.row, one) for one in records.bad]
            count += records.count
        before += count
    assert sorted([row for row, _ in usable] + [row for row, _ in bad]) == list(range(before))
    return usable, bad

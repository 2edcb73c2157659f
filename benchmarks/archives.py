"""Reading of a web archive, step by step, beside fastwarc alone: MB of unpacked archive a second of one core.

    python benchmarks/archives.py FILE.warc.gz [--times N]

Prints a line a step, the best of N, with its ratio to fastwarc's iterator, which reads every record and checks none:

- frame: records framed, their lengths held true, broken ones passed;
- read: the same, HTTP undone and encodings decoded, pages not parsed;
- ingest: the same, and the main content of every page.
"""

import argparse
import gzip
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from fastwarc import ArchiveIterator

from pipelines.readers import pages
from pipelines.readers.archive_bytes import Window, archive_chunks
from pipelines.readers.archive_records import archive_records
from pipelines.readers.archives import read_archive
from pipelines.readers.html.extract import Page
from schemas.config import Input
from schemas.plan import InputFile

LONGEST = 100_000_000


def alone(path: Path) -> int:
    with open(path, "rb") as file:
        return sum(len(record.reader.read()) >= 0 for record in ArchiveIterator(file))


def frame(path: Path) -> int:
    with open(path, "rb") as file:
        return sum(1 for _ in archive_records(Window(archive_chunks(file, path.suffix == ".gz")), LONGEST))


def ingest(path: Path) -> int:
    form = "warc.gz" if path.suffix == ".gz" else "warc"
    file = InputFile(
        path=str(path), name=path.name, input=0, format=form, size=path.stat().st_size, version=""
    )
    batches = read_archive(file, Input(path=str(path), bucket="web"), LONGEST)
    return sum(batch.count + sum(batch.not_documents.values()) for batch in batches)


def read(path: Path) -> int:
    with mock.patch.object(pages, "extract", lambda _: Page(text="left out", title=None, language=None)):
        return ingest(path)


def seconds(step: Callable[[Path], int], path: Path, times: int) -> tuple[float, int]:
    taken = []
    for _ in range(times):
        start = time.process_time()
        count = step(path)
        taken.append(time.process_time() - start)
    return min(taken), count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    with (gzip.open if given.file.suffix == ".gz" else open)(given.file, "rb") as file:
        size = sum(map(len, iter(lambda: file.read(1 << 20), b"")))
    peer = 0.0
    print(f"{'step':<10}{'records':>9}{'MB/s':>9}{'of fastwarc':>13}")
    for step in (alone, frame, read, ingest):
        taken, count = seconds(step, given.file, given.times)
        peer = peer or taken
        print(f"{step.__name__:<10}{count:>9,}{size / taken / 1e6:>9.0f}{peer / taken:>12.0%}")


if __name__ == "__main__":
    main()

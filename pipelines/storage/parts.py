"""Parts: the files of documents and the signal tables aligned with them."""

from collections.abc import Iterator

import pyarrow as pa

from schemas.receipts import Receipt

from .receipts import read_receipts
from .run_directory import RunDirectory

GENERATED = "generated"
"""The stage whose receipts stand for parts that models wrote."""
PART_TEXT_BYTES = 256_000_000
BATCH_TEXT_BYTES = 16_000_000


def part_name(split: int, k: int) -> str:
    return f"part-{split:06d}-{k:03d}"


def document_file(part: str) -> str:
    return f"documents/{part}.parquet"


def signal_file(table: str, part: str) -> str:
    return f"signals/{table}/{part}.parquet"


def ingested_parts(run: RunDirectory) -> dict[str, int]:
    """Name and bytes of text of every part that ingest has a receipt for, in name order."""
    return _parts_of(run, "ingest")


def list_parts(run: RunDirectory) -> dict[str, int]:
    """Name and bytes of text of every part, those that were generated last; in name order."""
    return {**_parts_of(run, "ingest"), **_parts_of(run, GENERATED)}


def part_fingerprints(run: RunDirectory) -> dict[str, str]:
    """The fingerprint of the receipt that every part stands in."""
    return {
        part["name"]: receipt.fingerprint for receipt in _receipts(run) for part in receipt.details["parts"]
    }


def part_rows(run: RunDirectory) -> dict[str, int]:
    """Documents of every part, by the receipts."""
    return {part["name"]: part["rows"] for receipt in _receipts(run) for part in receipt.details["parts"]}


def _receipts(run: RunDirectory) -> list[Receipt]:
    return [*read_receipts(run, "ingest").values(), *read_receipts(run, GENERATED).values()]


def _parts_of(run: RunDirectory, stage: str) -> dict[str, int]:
    receipts = read_receipts(run, stage).values()
    parts = {part["name"]: part["text_bytes"] for receipt in receipts for part in receipt.details["parts"]}
    return dict(sorted(parts.items()))


def read_documents(run: RunDirectory, part: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """A part's documents, a record batch a row group: at most 16 MB of text, or one document."""
    with run.parquet(document_file(part)) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=columns, use_threads=False)
            if table.num_rows:
                yield table.combine_chunks().to_batches()[0]


def read_signal(run: RunDirectory, table: str, part: str, columns: list[str] | None = None) -> pa.Table:
    """A signal table of one part, whole: it has no text."""
    with run.parquet(signal_file(table, part)) as file:
        return file.read(columns=columns, use_threads=False)

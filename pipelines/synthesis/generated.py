"""Generated documents: the drafts of all lanes in the order of the work list, as parts of one split of their own."""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest import recut, write_parts
from pipelines.runner import Outcome, Task
from pipelines.storage.parts import BATCH_TEXT_BYTES, GENERATED, part_name
from pipelines.storage.run_directory import RunDirectory
from pipelines.synthesis.lanes import drafts_file
from schemas.documents import DOCUMENT
from schemas.generation import DRAFTS, FIRST_GENERATED_SPLIT, OUTCOMES
from textkernels.content import content_hashes

OUTCOMES_FILE = "synthetic/outcomes.parquet"
_ROWS_AT_ONCE = 1_000


def write_generated(lanes: Sequence[int], run: RunDirectory, task: Task) -> Outcome:
    """Write the documents and what came of every seed.

    Memory: a thousand drafts of every lane.
    """
    outcomes = run.write_parquet(
        OUTCOMES_FILE, OUTCOMES, (rows.select(OUTCOMES.names) for rows in _in_order(run, lanes))
    )
    batches = chain.from_iterable(map(_as_documents, _in_order(run, lanes)))
    files, parts = write_parts(run, FIRST_GENERATED_SPLIT, recut(batches, BATCH_TEXT_BYTES))
    documents = sum(part["rows"] for part in parts)
    counts = {"seeds": outcomes.rows, "documents": documents, "rejected": outcomes.rows - documents}
    return Outcome([outcomes, *files], counts, {"parts": parts})


def forget_generated(run: RunDirectory) -> None:
    """Remove generated documents and all that was made of them: receipts first. Answers stay."""
    run.remove(f"receipts/{GENERATED}")
    prefix = part_name(FIRST_GENERATED_SPLIT, 0).rsplit("-", 1)[0]
    stages = [folder.rsplit("/", 1)[-1] for folder in run.list("receipts")]
    for folder in [*(f"receipts/{stage}" for stage in stages), *run.list("signals"), "documents"]:
        for name in run.list(folder):
            if name.rsplit("/", 1)[-1].startswith(prefix):
                run.remove(name)
    run.remove(OUTCOMES_FILE)


def _in_order(run: RunDirectory, lanes: Sequence[int]) -> Iterator[pa.Table]:
    rows: list[dict[str, Any]] = []
    for row in merge(*(_drafts(run, lane) for lane in lanes), key=itemgetter("ordinal")):
        rows.append(row)
        if len(rows) == _ROWS_AT_ONCE:
            yield _table(rows)
            rows = []
    yield _table(rows)


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, DRAFTS)


def _drafts(run: RunDirectory, lane: int) -> Iterator[dict[str, Any]]:
    with run.parquet(drafts_file(lane)) as file:
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group, use_threads=False).to_pylist()


def _as_documents(rows: pa.Table) -> list[pa.RecordBatch]:
    """Rows of DOCUMENT for those drafts that are documents; no batch where none is."""
    drafts = rows.filter(pc.is_valid(rows["doc"])).combine_chunks()
    count = drafts.num_rows
    ids = [
        f"{recipe}/{seed}@{start}"
        for recipe, seed, start in zip(
            *(drafts[name].to_pylist() for name in ("recipe", "seed_id", "seed_start")), strict=True
        )
    ]
    if not count:
        return []
    text = drafts["text"].combine_chunks()
    none = pa.nulls(count, pa.string())
    known = {
        "doc": drafts["doc"],
        "id": pa.array(ids, pa.string()),
        "text": text,
        "source": drafts["recipe"],
        "url": none,
        "language": drafts["language"],
        "bucket": drafts["bucket"],
        "kind": none,
        "created": pa.nulls(count, DOCUMENT.field("created").type),
        "content": content_hashes(text),
        "metadata": drafts["metadata"],
        "parents": pa.ListArray.from_arrays(
            np.arange(count + 1, dtype=np.int32), drafts["seed_doc"].combine_chunks()
        ),
    }
    return pa.table(known).select(DOCUMENT.names).cast(DOCUMENT).combine_chunks().to_batches()

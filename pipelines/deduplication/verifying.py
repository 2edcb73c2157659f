"""From components to signals/duplicates: the last three phases of dedup, which look at shingles."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.deduplication.duplicates import Candidates, decide
from pipelines.deduplication.linking import batch_of, members_of_components
from pipelines.errors import RunError
from pipelines.exchange import read_partition, write_partitions
from pipelines.runner import Outcome, Task
from pipelines.storage.parts import document_file, read_documents, signal_file
from pipelines.storage.run_directory import RunDirectory
from schemas.documents import DOCUMENT
from schemas.signals import DUPLICATES
from textkernels.ngrams import distinct, shingles
from textkernels.words import word_hashes

_SHINGLES = pa.schema(
    {
        "doc": pa.int64(),
        "joined": pa.int64(),
        "since": pa.int64(),
        "id": pa.string(),
        "source": pa.string(),
        "length": pa.int64(),
        "content": pa.binary(16),
        "shingles": pa.large_list(pa.uint64()),
    }
)
_DECISIONS = pa.schema(
    {
        "doc": pa.int64(),
        "kept_doc": pa.int64(),
        "kept_id": pa.string(),
        "similarity": pa.float64(),
        "is_duplicate": pa.bool_(),
    }
)


def gather(ngram: int, run: RunDirectory, task: Task) -> Outcome:
    """Send each candidate of a part, with its shingles, to the partition of its component.

    Text is read a row group at a time, where one has candidates. Memory is bounded by the shingles of
    one part's candidates, 8 bytes a word, twice while they are sorted.
    """
    members = members_of_components(run, task.payload["part"])
    wanted = members["doc"].to_numpy()
    tables = [_SHINGLES.empty_table()]
    with run.parquet(document_file(task.name)) as file:
        for group in range(file.num_row_groups if len(wanted) else 0):
            docs = file.read_row_group(group, columns=["doc"], use_threads=False)["doc"].to_numpy()
            is_wanted = np.isin(docs, wanted)
            if is_wanted.any():
                columns = ["id", "text", "source", "content"]
                documents = file.read_row_group(group, columns=columns, use_threads=False)
                rows = members.take(pa.array(np.searchsorted(wanted, docs[is_wanted])))
                tables.append(_with_shingles(rows, documents.filter(pa.array(is_wanted)), ngram))
    table = pa.concat_tables(tables)
    if table.num_rows != len(wanted):
        raise RunError(
            f"{task.name}: {len(wanted)} candidates, but the part holds {table.num_rows} of them; remove "
            "receipts/components and run again"
        )
    file = write_partitions(run, "shingles", task.name, table, members["partition"].to_numpy(), ["doc"])
    return Outcome([file], {"candidates": table.num_rows})


def decide_partition(
    parts: Sequence[str],
    batch_starts: Sequence[int],
    threshold: float,
    preferred: Sequence[str],
    run: RunDirectory,
    task: Task,
) -> Outcome:
    """Decide the components of one partition, and send each verdict back to its document's part.

    Memory is bounded by the partition's shingles, those of each content once: twice their bytes, and
    five times those of its largest component.
    """
    candidates = _read_candidates(run, parts, batch_starts, task.payload["partition"])
    decisions, part_of = _DECISIONS.empty_table(), np.empty(0, np.int64)
    if candidates is not None:
        decisions = decide(candidates, threshold, preferred)
        part_of = candidates.documents["part"].to_numpy()
    file = write_partitions(run, "decisions", task.name, decisions, part_of, ["doc"])
    duplicates = pc.sum(decisions["is_duplicate"]).as_py() or 0
    counts = {"candidates": len(part_of), "kept": len(part_of) - duplicates, "duplicates": duplicates}
    return Outcome([file], counts)


def align(decide_tasks: Sequence[str], run: RunDirectory, task: Task) -> Outcome:
    """signals/duplicates of one part, a row a document of the part, in its order."""
    part = task.payload["part"]
    members = members_of_components(run, part)
    decisions = [_DECISIONS.empty_table()]
    for partition in np.unique(members["partition"].to_numpy()):
        rows = read_partition(run, "decisions", [decide_tasks[partition]], part)
        decisions += [] if rows is None else [rows]
    decided = pa.concat_tables(decisions).sort_by("doc")
    if not decided["doc"].equals(members["doc"]):
        raise RunError(
            f"{task.name}: {members.num_rows} candidates, but {decided.num_rows} verdicts; remove receipts/decide "
            "and run again"
        )
    decided = decided.append_column("cluster", members["cluster"])
    identity = pa.schema([DOCUMENT.field(name) for name in ("doc", "id", "source")])
    documents = pa.Table.from_batches(read_documents(run, task.name, identity.names), schema=identity)
    rows = pc.index_in(documents["doc"], value_set=decided["doc"])
    table = pa.table(
        {
            "doc": documents["doc"],
            "id": documents["id"],
            **{name: decided[name].take(rows) for name in ("cluster", "kept_doc", "kept_id", "similarity")},
            "is_duplicate": pc.fill_null(decided["is_duplicate"].take(rows), False),
        }
    )
    file = run.write_parquet(signal_file("duplicates", task.name), DUPLICATES, [table])
    duplicates = pc.sum(table["is_duplicate"]).as_py() or 0
    counts = {"documents": table.num_rows, "kept": table.num_rows - duplicates, "duplicates": duplicates}
    return Outcome([file], counts, {"sources": _by_source(documents["source"], table["is_duplicate"])})


def _with_shingles(members: pa.Table, documents: pa.Table, ngram: int) -> pa.Table:
    grams, offsets = distinct(*shingles(*word_hashes(documents["text"]), ngram))
    return pa.table(
        [
            members["doc"],
            members["joined"],
            members["since"],
            documents["id"],
            documents["source"],
            pc.binary_length(documents["text"]).cast(pa.int64()),
            documents["content"],
            pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(grams)),
        ],
        schema=_SHINGLES,
    )


def _read_candidates(
    run: RunDirectory, parts: Sequence[str], batch_starts: Sequence[int], partition: int
) -> Candidates | None:
    """One partition's documents, with their part; copies of one content share its shingles."""
    documents, shingle_sets = [], []
    contents = pa.array([], pa.binary(16))
    for part, name in enumerate(parts):
        table = read_partition(run, "shingles", [name], partition)
        if table is None:
            continue
        own = table["content"].combine_chunks().dictionary_encode()
        is_new = pc.invert(pc.is_in(own.dictionary, value_set=contents))
        _, first_rows = np.unique(own.indices.to_numpy(), return_index=True)
        shingle_sets.append(table["shingles"].combine_chunks().take(pa.array(first_rows).filter(is_new)))
        contents = pa.concat_arrays([contents, own.dictionary.filter(is_new)])
        part_column = pa.array(np.full(table.num_rows, part))
        documents.append(table.drop_columns("shingles").append_column("part", part_column))
    if not documents:
        return None
    table = pa.concat_tables(documents)
    content = pc.index_in(table["content"], value_set=contents).cast(pa.int64())
    batch = pa.array(batch_of(table["doc"].to_numpy(), batch_starts))
    table = table.drop_columns("content").append_column("content", content).append_column("batch", batch)
    return Candidates(table.combine_chunks(), pa.concat_arrays(shingle_sets))


def _by_source(sources: pa.ChunkedArray, is_duplicate: pa.ChunkedArray) -> dict[str, dict[str, int]]:
    table = pa.table({"source": sources, "duplicates": is_duplicate.cast(pa.int64())})
    sums = (
        table.group_by("source").aggregate([("duplicates", "count"), ("duplicates", "sum")]).sort_by("source")
    )
    return {
        row["source"]: {"documents": row["duplicates_count"], "duplicates": row["duplicates_sum"]}
        for row in sums.to_pylist()
    }

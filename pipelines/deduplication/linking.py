"""From shared keys to components of documents: the first two phases of dedup."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from pipelines.deduplication.components import Components, ascending, pack, spanning_forest, star_links
from pipelines.errors import RunError
from pipelines.exchange import exchange_file, read_partition, write_partitions
from pipelines.runner import Outcome, Task
from pipelines.storage.parts import read_signal
from pipelines.storage.run_directory import RunDirectory

CANDIDATE_BYTES = 128  # of a candidate without its shingles, about
_MERGE_AT = 1_000_000

_LINKS = pa.schema({"first": pa.int64(), "other": pa.int64()})
_COMPONENTS = pa.schema(
    {
        "doc": pa.int64(),
        "cluster": pa.int64(),
        "joined": pa.int64(),
        "since": pa.int64(),
        "partition": pa.int64(),
    }
)
_FILE = exchange_file("components", "components")


def batch_of(docs: np.ndarray, batch_starts: Sequence[int]) -> np.ndarray:
    """Ordinal of each document's batch, int64[n]; batch_starts: the first doc of each batch."""
    return np.searchsorted(batch_starts, docs, side="right") - 1


def propose(parts: Sequence[str], batch_starts: Sequence[int], run: RunDirectory, task: Task) -> Outcome:
    """A spanning forest of the documents that share a key of one partition of the exchange `bands`.

    Writes the exchange `forest`: first, other (int64), a partition a batch.
    """
    rows = read_partition(run, "bands", parts, task.payload["partition"], ["key", "doc"])
    keys, docs = np.empty(0, np.uint64), np.empty(0, np.int64)
    if rows is not None:
        keys, docs = rows["key"].to_numpy(), rows["doc"].to_numpy()
    firsts, others = spanning_forest(*star_links(keys, docs))
    links = pa.table([firsts, others], schema=_LINKS)
    file = write_partitions(run, "forest", task.name, links, batch_of(others, batch_starts), _LINKS.names)
    return Outcome([file], {"keys": len(keys), "links": len(firsts)})


def join(
    parts: Sequence[str],
    forests: Sequence[str],
    n_batches: int,
    decide_partitions: int,
    run: RunDirectory,
    task: Task,
) -> Outcome:
    """Join the forests of all key partitions, and deal the components to decide-partitions.

    Writes a row a document that shares a key with another, ascending, row group k those of part k:
    doc, cluster (the smallest doc of its component), joined and since (see `Components`, as docs),
    and the partition in which its component is decided.

    Links are read file by file, once a batch. What grows with the corpus is 64 bytes a document of a
    component at the peak, while they are collected; a document in no component costs nothing.
    """
    components = Components(_linked_docs(run, forests, n_batches))
    for batch in range(n_batches):
        for firsts, others in _links(run, forests, [batch]):
            components.link(firsts, others)
        components.end_batch(batch)
    docs, smallest = components.docs, components.smallest()
    bounds, sizes = _measure(run, parts, docs, smallest)
    heads = np.flatnonzero(smallest == np.arange(len(docs)))
    partitions = np.zeros(len(docs), np.int64)
    partitions[heads] = pack(sizes[heads], decide_partitions)

    def rows(start: int, end: int) -> pa.Table:
        own = slice(start, end)
        joined, since = docs[components.joined[own]], components.since[own]
        return pa.table(
            [docs[own], docs[smallest[own]], joined, since, partitions[smallest[own]]], schema=_COMPONENTS
        )

    file = run.write_parquet(_FILE, _COMPONENTS, (rows(start, end) for start, end in pairwise(bounds)))
    return Outcome([file], {"documents": len(docs), "components": len(heads)})


def members_of_components(run: RunDirectory, part: int) -> pa.Table:
    """What `join` wrote of the documents of one part, given by its place among the sorted parts."""
    with run.parquet(_FILE) as file:
        return file.read_row_group(part, use_threads=False)


def _links(
    run: RunDirectory, forests: Sequence[str], batches: Sequence[int]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for name in forests:
        for batch in batches:
            links = read_partition(run, "forest", [name], batch)
            if links is not None:
                yield links["first"].to_numpy(), links["other"].to_numpy()


def _linked_docs(run: RunDirectory, forests: Sequence[str], n_batches: int) -> np.ndarray:
    """Every document that a link names, int64, ascending."""
    docs, waiting = np.empty(0, np.int64), []
    for firsts, others in _links(run, forests, range(n_batches)):
        waiting.append(ascending(firsts, others))
        # Now and then: a merge a file would sort every document once a file.
        if sum(map(len, waiting)) > max(len(docs), _MERGE_AT):
            docs, waiting = ascending(docs, *waiting), []
    return ascending(docs, *waiting)


def _measure(
    run: RunDirectory, parts: Sequence[str], docs: np.ndarray, smallest: np.ndarray
) -> tuple[list[int], np.ndarray]:
    """Where each part begins in `docs`, and each component's bytes, about, at its smallest document."""
    bounds, sizes = [0], np.zeros(len(docs), np.int64)
    for part in parts:
        quality = read_signal(run, "quality", part, ["doc", "n_words"])
        present, n_words = quality["doc"].to_numpy(), quality["n_words"].to_numpy()
        start = bounds[-1]
        end = max(start, int(np.searchsorted(docs, present.max(initial=-1), side="right")))
        places = np.minimum(np.searchsorted(present, docs[start:end]), len(present) - 1)
        if not np.array_equal(present[places], docs[start:end]):
            raise _mismatch(part)
        np.add.at(sizes, smallest[start:end], CANDIDATE_BYTES + 8 * n_words[places])
        bounds.append(end)
    if bounds[-1] != len(docs):
        raise _mismatch(parts[-1])
    return bounds, sizes


def _mismatch(part: str) -> RunError:
    return RunError(
        f"{part}: the bands name documents that signals/quality lacks; remove receipts/facts and receipts/bands "
        "and run again"
    )

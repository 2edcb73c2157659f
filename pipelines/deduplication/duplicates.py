"""Which documents of a component are kept, and which are near-duplicates of which kept one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.deduplication.components import components_at
from textkernels.keepers import keep_greedily

SIMILARITY_DECIMALS = 6


@dataclass(frozen=True)
class Candidates:
    """Documents of whole components, in any order.

    documents: columns doc, joined (a doc), since, batch (int64), id, source (string), length (int64,
        bytes), content (int64, the row of `shingles` that the document's content has).
    shingles: large_list<uint64>, ascending and distinct, one entry a content: exact copies share it.
    """

    documents: pa.Table
    shingles: pa.LargeListArray


def decide(candidates: Candidates, threshold: float, preferred: Sequence[str]) -> pa.Table:
    """Keep the best document of each component, drop all near it, and so on with what is left.

    Near means an exact Jaccard similarity of the shingle sets of at least `threshold`, so nothing is
    dropped for a chain of resemblances, and no two kept documents of a component are near. Documents
    are compared within their component as their own batch knew it, and with kept ones of earlier
    batches: what a later batch holds changes no verdict. Exact copies follow the best of them, also
    where they have no shingles.

    Args:
        preferred: sources whose copy is kept before others', best first.

    Returns:
        doc, kept_doc (itself for a kept one), kept_id, similarity (to that one, 6 decimals) and
        is_duplicate, a row a document, in the order given.
    """
    order = priority_order(candidates.documents, preferred)
    documents = candidates.documents.take(pa.array(order))
    content = documents["content"].to_numpy()
    best_copy = _first_of_equal(content)
    kept_by, similarity = np.arange(len(content)), np.ones(len(content))
    for members, n_earlier in _groups(documents, best_copy, kept_by):
        nearest, near = _keep(candidates.shingles, content[members], n_earlier, threshold)
        new = members[n_earlier:]
        kept_by[new], similarity[new] = members[nearest[n_earlier:]], near[n_earlier:]
    kept_by, similarity = kept_by[best_copy], similarity[best_copy]
    decided = pa.table(
        {
            "doc": documents["doc"],
            "kept_doc": documents["doc"].take(pa.array(kept_by)),
            "kept_id": documents["id"].take(pa.array(kept_by)),
            "similarity": np.round(similarity, SIMILARITY_DECIMALS),
            "is_duplicate": kept_by != np.arange(len(kept_by)),
        }
    )
    return decided.take(pa.array(np.argsort(order)))


def priority_order(documents: pa.Table, preferred: Sequence[str]) -> np.ndarray:
    """Rows, int64[n], by batch, place of the source in `preferred` (others after all of them), length, doc.

    Earlier batches and longer documents come first. No score of quality is stored yet: it belongs
    between source and length.
    """
    ranks = pc.index_in(documents["source"], value_set=pa.array(preferred, pa.string()))
    ranks = pc.fill_null(ranks, len(preferred)).to_numpy()
    length, batch = documents["length"].to_numpy(), documents["batch"].to_numpy()
    return np.lexsort((documents["doc"].to_numpy(), -length, ranks, batch))


def _first_of_equal(values: np.ndarray) -> np.ndarray:
    """For each value the position where it occurs first."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    return first[inverse]


def _groups(
    documents: pa.Table, best_copy: np.ndarray, kept_by: np.ndarray
) -> Iterator[tuple[np.ndarray, int]]:
    """What is to be compared, batch after batch: positions of a component's documents in order of
    priority, and how many of them are kept ones of earlier batches. `kept_by` is read as it grows.
    """
    batch, since = documents["batch"].to_numpy(), documents["since"].to_numpy()
    joined = pc.index_in(documents["joined"], value_set=documents["doc"].combine_chunks()).to_numpy()
    own = np.arange(len(batch))
    for current in np.unique(batch):
        component = components_at(joined, since, current)
        members = own[(batch <= current) & (best_copy == own) & (kept_by == own)]
        members = members[np.argsort(component[members], kind="stable")]
        bounds = np.flatnonzero(np.diff(component[members])) + 1
        for group in np.split(members, bounds):
            n_earlier = int(np.searchsorted(batch[group], current))
            if len(group) > 1 and n_earlier < len(group):
                yield group, n_earlier


def _keep(
    shingles: pa.LargeListArray, rows: np.ndarray, n_kept: int, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """As `keep_greedily` on these rows, but the first `n_kept` stay even where they are near to each other.

    They may be: when a new document joins components that no band had brought together before.
    """
    kept_by, similarity = np.arange(len(rows)), np.ones(len(rows))
    kept, others = np.arange(n_kept), np.arange(n_kept, len(rows))
    while True:
        members = np.concatenate([kept, others])
        sets = shingles.take(pa.array(rows[members]))
        by, near = keep_greedily(sets.flatten().to_numpy(), sets.offsets.to_numpy(), threshold)
        displaced = kept[by[: len(kept)] != np.arange(len(kept))]
        by, near = by[len(kept) :], near[len(kept) :]
        settled = by < len(kept) if len(displaced) else np.ones(len(others), bool)
        kept_by[others[settled]] = members[by[settled]]
        similarity[others[settled]] = near[settled]
        if not len(displaced):
            return kept_by, similarity
        kept, others = displaced, others[~settled]

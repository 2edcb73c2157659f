"""What a whole corpus shares with the benchmarks, counted table by table."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from decontam.index import INDEXED_ITEMS, BenchmarkIndex
from schemas.signals import CONTAMINATION, VERDICTS

EXAMPLES_A_RULE = 2
"""Documents shown of each benchmark and rule, each for another item."""

FOUND_ITEMS = pa.schema(
    [
        *INDEXED_ITEMS,
        pa.field("documents_by_13gram", pa.int64(), nullable=False),
        pa.field("documents_by_7gram", pa.int64(), nullable=False),
    ]
)
"""Every benchmark item, with how many documents share a 13-gram that is not allowed with it, and how
many reach a 7-gram ratio above the info threshold."""

FEW_7GRAMS = 2
"""A 7-gram verdict that rests on no more shared grams than this is often chance: the report counts them."""

_RULES = ("13-gram", "7-gram")
_DECIDED = ["verdict", "rule", "benchmark"]
_STRONGEST_FIRST = [
    ("benchmark", "ascending"),
    ("rule", "ascending"),
    ("shared_13grams", "descending"),
    ("ratio", "descending"),
    ("shared_7grams", "descending"),
    ("doc", "ascending"),
]


@dataclass(frozen=True)
class Example:
    """A document that shares much with an item: its row of CONTAMINATION, and every `benchmark/item_id`
    with evidence in the same run of grams."""

    row: dict
    items: list[str]


@dataclass(frozen=True)
class Summary:
    """Counts over all documents.

    verdicts: documents by verdict.
    decided: verdict, rule, benchmark and documents of each combination; clean ones have neither rule
        nor benchmark.
    by_few: of the documents of each verdict, those decided by at most FEW_7GRAMS shared 7-grams.
    items: the table FOUND_ITEMS, in the index's order.
    examples: at most EXAMPLES_A_RULE for each benchmark and rule, the strongest first.
    """

    verdicts: dict[str, int]
    decided: list[dict]
    by_few: dict[str, int]
    items: pa.Table
    examples: list[Example]


def summarise(index: BenchmarkIndex, contamination: Iterable[pa.Table], hits: Iterable[pa.Table]) -> Summary:
    """Count the tables that `rule.check` made.

    Args:
        index: the one that was checked against.
        contamination, hits: tables with these schemas; the hits of one document are all in one table.

    Memory is bounded by the largest table and the benchmarks: the strongest row of each item is kept.
    """
    decided, by_few, strongest = _count_decisions(contamination)
    examples = _choose_examples(strongest)
    found, lists = _count_items(index, hits, {row["doc"] for row in examples})
    items = index.items
    for rule, name in zip(_RULES, FOUND_ITEMS.names[-2:], strict=True):
        items = items.append_column(name, pa.array(found[rule]))
    by_verdict = dict.fromkeys(VERDICTS, 0)
    for row in decided:
        by_verdict[row["verdict"]] += row["documents"]
    shown = [Example(row, _items_of(row, lists)) for row in examples]
    return Summary(by_verdict, decided, by_few, items.cast(FOUND_ITEMS), shown)


def _count_decisions(
    contamination: Iterable[pa.Table],
) -> tuple[list[dict], dict[str, int], pa.Table]:
    """Documents by verdict, rule and benchmark; those decided by few 7-grams; and the strongest row of
    every item and rule."""
    counts: Counter[tuple[str, str | None, str | None]] = Counter()
    by_few = Counter(dict.fromkeys(VERDICTS[1:], 0))
    strongest = CONTAMINATION.empty_table()
    for table in contamination:
        groups = table.group_by(_DECIDED).aggregate([([], "count_all")])
        for *key, documents in zip(*(column.to_pylist() for column in groups.columns), strict=True):
            counts[tuple(key)] += documents
        dirty = table.filter(pc.is_valid(table["rule"]))
        few = pc.and_(pc.equal(dirty["rule"], "7-gram"), pc.less_equal(dirty["shared_7grams"], FEW_7GRAMS))
        by_few.update(dirty.filter(few)["verdict"].to_pylist())
        strongest = _first_of_each(pa.concat_tables([strongest, dirty]), ["benchmark", "rule", "item_id"], 1)
    ordered = sorted(counts.items(), key=lambda count: [name or "" for name in count[0]])
    decided = [dict(zip(_DECIDED, key, strict=True)) | {"documents": n} for key, n in ordered]
    return decided, dict(by_few), strongest


def _choose_examples(strongest: pa.Table) -> list[dict]:
    return _first_of_each(strongest, ["benchmark", "rule"], EXAMPLES_A_RULE).to_pylist()


def _first_of_each(rows: pa.Table, key: list[str], most: int) -> pa.Table:
    """The `most` strongest rows of each key, in order of strength."""
    rows = rows.sort_by(_STRONGEST_FIRST)
    seen: dict[tuple, int] = {}
    kept = []
    for place, own in enumerate(zip(*(rows[name].to_pylist() for name in key), strict=True)):
        seen[own] = seen.get(own, 0) + 1
        if seen[own] <= most:
            kept.append(place)
    return rows.take(pa.array(kept, pa.int64()))


def _count_items(
    index: BenchmarkIndex, hits: Iterable[pa.Table], wanted: set[int]
) -> tuple[dict[str, np.ndarray], list[dict]]:
    """Documents with evidence of each item, by rule; and the hits of the wanted documents."""
    labels = index.labels
    found = {rule: np.zeros(len(labels), np.int64) for rule in _RULES}
    lists: list[dict] = []
    docs = pa.array(sorted(wanted), pa.int64())
    for table in hits:
        lists += table.filter(pc.is_in(table["doc"], docs)).to_pylist()
        rows = table.combine_chunks()
        parents = pc.list_parent_indices(rows["items"])
        numbers = pc.index_in(pc.list_flatten(rows["items"]), labels)
        flat = pa.table(
            {"doc": rows["doc"].take(parents), "rule": rows["rule"].take(parents), "item": numbers}
        )
        distinct = flat.group_by(["doc", "rule", "item"]).aggregate([])
        for rule in _RULES:
            own = distinct.filter(pc.equal(distinct["rule"], rule))["item"].to_numpy()
            found[rule] += np.bincount(own, minlength=len(labels))
    return found, lists


def _items_of(row: dict, lists: list[dict]) -> list[str]:
    """What the longest run of the deciding rule that names the deciding item lists."""
    label = f"{row['benchmark']}/{row['item_id']}"
    runs = [
        hit
        for hit in lists
        if hit["doc"] == row["doc"] and hit["rule"] == row["rule"] and label in hit["items"]
    ]
    longest = max(runs, key=lambda hit: (hit["end"] - hit["start"], -hit["start"]), default=None)
    return longest["items"] if longest else [label]

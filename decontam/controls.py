"""Positive controls: what is known to be a benchmark's must come out as contaminated.

An index that finds nothing, by a fault or a misconfiguration, looks like a clean corpus.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from decontam.allowlist import Allowlist
from decontam.index import LONG, SHORT, BenchmarkIndex
from decontam.registry import Registry
from decontam.rule import check
from decontam.variants import item_texts
from textkernels.ngrams import ngram_hashes
from textkernels.words import word_hashes

# Any below 1: a copy of a test text has ratio 1.
_INFO_THRESHOLD = _CONTAMINATED_THRESHOLD = 0.5


@dataclass(frozen=True)
class Control:
    """One item of a benchmark, sent through the index as a document.

    item_id, expected: the item and the rule that must find it; None where the rules can find no item
        of the benchmark.
    found: the rule that found it; None where it came out clean.
    ratio: its largest 7-gram ratio, which must be 1.
    named: whether the hits name the item.
    """

    benchmark: str
    item_id: str | None
    expected: str | None
    found: str | None
    ratio: float
    named: bool

    @property
    def is_checkable(self) -> bool:
        return self.expected is not None

    @property
    def failed(self) -> bool:
        met = self.found == self.expected and self.ratio == 1.0 and self.named
        return self.is_checkable and not met


@dataclass(frozen=True)
class _Planted:
    item_id: str
    text: str
    expected: str


def run_controls(index: BenchmarkIndex, registry: Registry, allowed: Allowlist) -> list[Control]:
    """Check the first checkable text of the first checkable item of every benchmark.

    What is expected comes from the registry and the allow-list alone. A run must not publish when a
    control has failed.
    """
    benchmarks = registry.counts()
    first = 0
    planted: dict[str, _Planted | None] = {}
    for benchmark, count in benchmarks.items():
        planted[benchmark] = _first_checkable(registry.items.slice(first, count), allowed)
        first += count
    controls = {benchmark: one for benchmark, one in planted.items() if one is not None}
    text = pa.array([one.text for one in controls.values()], pa.large_string())
    docs = np.arange(len(controls))
    contamination, hits = check(
        text,
        *word_hashes(text),
        docs,
        pa.array([one.item_id for one in controls.values()], pa.string()),
        index,
        _INFO_THRESHOLD,
        _CONTAMINATED_THRESHOLD,
    )
    named: list[set[str]] = [set() for _ in controls]
    for doc, items in zip(hits["doc"].to_pylist(), hits["items"].to_pylist(), strict=True):
        named[doc].update(items)
    outcomes = dict(zip(controls, contamination.to_pylist(), strict=True))
    mentions = dict(zip(controls, named, strict=True))
    return [
        Control(
            benchmark,
            one.item_id,
            one.expected,
            outcomes[benchmark]["rule"],
            outcomes[benchmark]["ratio"],
            f"{benchmark}/{one.item_id}" in mentions[benchmark],
        )
        if one is not None
        else Control(benchmark, None, None, None, 0.0, False)
        for benchmark, one in planted.items()
    ]


def _first_checkable(items: pa.Table, allowed: Allowlist) -> _Planted | None:
    for batch in items.to_batches(max_chunksize=64):
        for item in batch.to_pylist():
            for text in item_texts(item["question"], item["answer"], item["choices"], item["context"]):
                hashes, offsets = word_hashes(pa.array([text]))
                grams, _ = ngram_hashes(hashes, offsets, LONG)
                if np.isin(grams, allowed.grams, invert=True).any():
                    return _Planted(item["item_id"], text, "13-gram")
                if hashes.size >= SHORT:
                    return _Planted(item["item_id"], text, "7-gram")
    return None

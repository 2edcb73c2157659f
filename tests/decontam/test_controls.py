"""Controls pass on a whole index and fail on one that finds too little."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from decontam.allowlist import load_allowlist
from decontam.controls import Control, run_controls
from decontam.index import BenchmarkIndex, build_index
from tests.decontam.conftest import item

ITEMS = [
    item("long", "1", "a question of some fourteen words that can be found by a 13-gram here"),
    item("scaffold", "1", "a I only b II only c III only d II and III"),
    item("short", "1", "What is it?"),
    item("short", "2", "What is the name of the thing?"),
    item("tiny", "1", "What is it?", answer="This."),
]


def test_one_item_of_every_benchmark_is_found_by_the_rule_that_can(registry_of):
    registry, allowed = registry_of(*ITEMS), load_allowlist()
    controls = run_controls(build_index(registry, allowed), registry, allowed)
    assert controls == [
        Control("long", "1", "13-gram", "13-gram", 1.0, True),
        Control("scaffold", "1", "7-gram", "7-gram", 1.0, True),
        Control("short", "2", "7-gram", "7-gram", 1.0, True),
        Control("tiny", None, None, None, 0.0, False),
    ]
    assert not any(control.failed for control in controls)


def failures(index: BenchmarkIndex, registry) -> list[str]:
    return [c.benchmark for c in run_controls(index, registry, load_allowlist()) if c.failed]


def test_an_index_of_other_items_fails(registry_of):
    other = build_index(registry_of(*ITEMS[1:]), load_allowlist())
    assert failures(other, registry_of(*ITEMS)) == ["long"]


def test_an_index_without_its_13grams_fails(registry_of):
    registry = registry_of(*ITEMS)
    index = build_index(registry, load_allowlist())
    empty = build_index(registry_of(ITEMS[2]), load_allowlist())
    assert failures(dataclasses.replace(index, long=empty.long), registry) == ["long"]


def test_an_index_with_changed_counts_fails(registry_of):
    registry = registry_of(*ITEMS)
    index = build_index(registry, load_allowlist())
    more = dataclasses.replace(index, short_counts=index.short_counts + np.int32(1))
    assert failures(dataclasses.replace(more), registry) == []
    fewer = dataclasses.replace(index, short_counts=np.ones_like(index.short_counts))
    assert failures(fewer, registry) == ["long", "scaffold"]


def test_an_index_that_names_other_items_fails(registry_of):
    registry = registry_of(*ITEMS)
    index = build_index(registry, load_allowlist())
    shuffled = index.items.take(list(reversed(range(index.items.num_rows))))
    assert failures(dataclasses.replace(index, items=shuffled), registry) == ["long", "scaffold", "short"]


def test_a_file_whose_filter_was_wiped_fails(registry_of, tmp_path: Path):
    registry = registry_of(*ITEMS)
    index = build_index(registry, load_allowlist())
    index.write(tmp_path / "index")
    raw, wiped = (tmp_path / "index").read_bytes(), index.short.lookup.arrays()["filter"].tobytes()
    assert raw.count(wiped) == 1
    (tmp_path / "index").write_bytes(raw.replace(wiped, bytes(len(wiped))))
    assert failures(BenchmarkIndex.open(tmp_path / "index"), registry) == ["long", "scaffold", "short"]


@pytest.mark.corpus
def test_the_shared_benchmarks_pass_their_controls(shared_registry, tmp_path: Path):
    allowed = load_allowlist()
    build_index(shared_registry, allowed).write(tmp_path / "index")
    controls = run_controls(BenchmarkIndex.open(tmp_path / "index"), shared_registry, allowed)
    assert [control.benchmark for control in controls] == list(shared_registry.counts())
    assert not any(control.failed or not control.is_checkable for control in controls)

"""The index says what each item can be found by, and comes back from its file as it was."""

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from decontam import index as index_module
from decontam.allowlist import load_allowlist
from decontam.index import BenchmarkIndex, IndexMismatchError, build_index, index_fingerprint
from tests.decontam.conftest import check_texts, item

WORDS = [f"w{n}" for n in range(20)]
ITEMS = [
    item("long", "1", " ".join(WORDS[:13]), answer="and more"),
    item("mixed", "1", " ".join(WORDS[:12])),
    item("mixed", "2", "What?", choices=["this", "that"], answer="this"),
    item("mixed", "3", "What?", context=" ".join(WORDS)),
    item("scaffold", "1", "a I only b II only c III only d II and III"),
    item("scaffold", "2", "x a I only b II only c III only d II and III"),
]


def test_items_are_told_by_what_can_find_them(index_of):
    index = index_of(*ITEMS)
    assert dict(zip(index.labels.to_pylist(), index.items["checkable"].to_pylist(), strict=True)) == {
        "long/1": "13-gram",
        "mixed/1": "7-gram",
        "mixed/2": "none",
        "mixed/3": "13-gram",
        "scaffold/1": "7-gram",
        "scaffold/2": "13-gram",
    }
    assert index.items["allowed_13grams"].to_pylist() == [0, 0, 0, 0, 1, 1]


def test_a_variant_equal_in_words_is_not_indexed_twice(index_of):
    index = index_of(
        item("x", "1", "One two three?", answer="...", choices=["a", "B"], context="one TWO three")
    )
    # The question, it with lettered options, and it with bare ones.
    assert index.item_variants.tolist() == [0, 3]


def test_every_variant_is_found_in_full(index_of):
    choices = ["the first of them", "the second one"]
    question = "is this a question of just nine words then"
    index = index_of(item("x", "1", question, answer="neither", choices=choices, context=" ".join(WORDS)))
    copies = [
        question,
        f"{question} A. {choices[0]} B. {choices[1]}",
        f"{question} {choices[0]} {choices[1]}",
        f"{question} Neither.",
        " ".join(WORDS),
    ]
    assert check_texts(copies, index)[0]["ratio"].to_pylist() == [1.0] * 5
    assert index.short_counts.tolist() == [3, 3 + 9, 3 + 7, 3 + 1, 14]


def test_the_file_gives_the_index_back(index_of, tmp_path: Path):
    index = index_of(*ITEMS)
    index.write(tmp_path / "index")
    found = BenchmarkIndex.open(tmp_path / "index")
    assert found.items == index.items and found.fingerprint == index.fingerprint
    for name in ("item_variants", "long_counts", "short_counts"):
        assert np.array_equal(getattr(found, name), getattr(index, name))
    texts = [" ".join(WORDS), "nothing", "", " ".join(WORDS[:9])]
    assert check_texts(texts, found) == check_texts(texts, index)


def test_the_same_items_give_the_same_bytes(registry_of, tmp_path: Path):
    for name, items in (("a", ITEMS), ("b", ITEMS[::-1])):
        build_index(registry_of(*items), load_allowlist()).write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_fingerprint_changes_with_items_and_allowlist(registry_of, tmp_path: Path):
    (tmp_path / "allow.txt").write_text(" ".join(WORDS))
    whole, fewer = registry_of(*ITEMS), registry_of(*ITEMS[1:])
    plain, more = load_allowlist(), load_allowlist([str(tmp_path / "allow.txt")])
    found = {index_fingerprint(r, a) for r in (whole, fewer) for a in (plain, more)}
    assert len(found) == 4
    assert build_index(whole, more).fingerprint == index_fingerprint(whole, more)


def test_an_index_of_another_normaliser_is_refused(index_of, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(index_module, "NORMALISER", "words-0")
    index_of(*ITEMS).write(tmp_path / "index")
    monkeypatch.undo()
    with pytest.raises(IndexMismatchError, match=r"normaliser words-0, this is words-"):
        BenchmarkIndex.open(tmp_path / "index")


def test_other_files_are_refused(index_of, tmp_path: Path):
    (tmp_path / "text").write_text("hello")
    (tmp_path / "empty").write_bytes(b"")
    with pa.OSFile(str(tmp_path / "arrow"), "wb") as sink:
        batch = pa.record_batch({"a": [1]})
        with pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)
    index_of(*ITEMS).write(tmp_path / "cut")
    with open(tmp_path / "cut", "r+b") as file:
        file.truncate(5000)
    for name in ("text", "empty", "arrow", "cut"):
        with pytest.raises(IndexMismatchError, match=name):
            BenchmarkIndex.open(tmp_path / name)


def test_arrays_that_do_not_belong_together_are_refused(index_of, tmp_path: Path):
    index = index_of(*ITEMS)
    dataclasses.replace(index, item_variants=index.item_variants[:-1]).write(tmp_path / "index")
    with pytest.raises(IndexMismatchError, match="not a whole benchmark index"):
        BenchmarkIndex.open(tmp_path / "index")

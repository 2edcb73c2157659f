"""The plan covers every byte and row group once, packs small files, and never renumbers."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import RunError, UsageError
from pipelines.storage import plan as plans
from pipelines.storage.plan import load_or_make_plan, make_plan
from pipelines.storage.run_directory import RunDirectory
from schemas.config import parse_config


@pytest.fixture(autouse=True)
def small_splits(monkeypatch):
    monkeypatch.setattr(plans, "SPLIT_BYTES", 100)


def config(tmp_path, *paths):
    inputs = [
        path if isinstance(path, dict) else {"path": str(tmp_path / path), "bucket": "web"} for path in paths
    ]
    return parse_config({"run": str(tmp_path / "run"), "inputs": inputs})


def write(tmp_path, name, size):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def layout(plan):
    """Splits as lists of (file name, start, end)."""
    return [
        [(os.path.basename(plan.files[piece.file].path), piece.start, piece.end) for piece in split.pieces]
        for split in plan.splits
    ]


def test_plain_files_are_cut_by_bytes_and_small_ones_packed(tmp_path):
    for name, size in [("a", 250), ("b", 30), ("c", 30), ("d", 0), ("e", 50), ("f", 100)]:
        write(tmp_path, f"in/{name}.jsonl", size)
    plan = make_plan(config(tmp_path, "in"), None)
    assert layout(plan) == [
        [("a.jsonl", 0, 100)],
        [("a.jsonl", 100, 200)],
        [("a.jsonl", 200, 250), ("b.jsonl", 0, 30)],
        [("c.jsonl", 0, 30), ("e.jsonl", 0, 50)],
        [("f.jsonl", 0, 100)],
    ]
    assert [split.split for split in plan.splits] == [0, 1, 2, 3, 4]
    assert [split.bytes for split in plan.splits] == [100, 100, 80, 80, 100]
    assert {split.batch for split in plan.splits} == {0}


def test_packed_files_are_whole_and_inputs_share_no_split(tmp_path):
    write(tmp_path, "x/a.jsonl.gz", 500)
    write(tmp_path, "x/b.jsonl.zst", 10)
    write(tmp_path, "x/c.jsonl", 10)
    write(tmp_path, "a/d.jsonl", 10)
    assert layout(make_plan(config(tmp_path, "x", "a"), None)) == [
        [("a.jsonl.gz", 0, 0)],
        [("b.jsonl.zst", 0, 0), ("c.jsonl", 0, 10)],
        [("d.jsonl", 0, 10)],
    ]


def test_parquet_is_cut_at_row_groups(tmp_path, monkeypatch):
    pq.write_table(pa.table({"text": ["x" * 10] * 5}), tmp_path / "a.parquet", row_group_size=1)
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "b.parquet")
    write(tmp_path, "c.parquet", 7)
    size = pq.read_metadata(tmp_path / "a.parquet").row_group(0).total_byte_size
    monkeypatch.setattr(plans, "SPLIT_BYTES", 2 * size)
    assert layout(make_plan(config(tmp_path, "*.parquet"), None)) == [
        [("a.parquet", 0, 2)],
        [("a.parquet", 2, 4)],
        [("a.parquet", 4, 5), ("c.parquet", 0, 0)],
    ]


def test_parquet_without_the_text_is_refused_before_anything_is_read(tmp_path):
    pq.write_table(pa.table({"body": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(RunError, match="no column `text`"):
        make_plan(config(tmp_path, "a.parquet"), None)


def test_new_files_get_new_splits_in_the_next_batch(tmp_path):
    write(tmp_path, "in/b.jsonl", 150)
    run, settings = RunDirectory(tmp_path / "run"), config(tmp_path, "in")
    first = load_or_make_plan(run, settings)
    raw = run.read_bytes("plan.json")
    assert load_or_make_plan(run, settings) == first
    assert run.read_bytes("plan.json") == raw
    write(tmp_path, "in/a.jsonl", 20)
    write(tmp_path, "in/c.jsonl", 20)
    second = load_or_make_plan(run, settings)
    assert second.splits[:2] == first.splits
    assert second.files[:1] == first.files
    assert layout(second)[2:] == [[("a.jsonl", 0, 20), ("c.jsonl", 0, 20)]]
    assert [(split.split, split.batch) for split in second.splits] == [(0, 0), (1, 0), (2, 1)]
    assert load_or_make_plan(run, settings) == second


def test_a_file_keeps_its_splits_when_its_input_moves_in_the_config(tmp_path):
    write(tmp_path, "in/b.jsonl", 50)
    write(tmp_path, "new/a.jsonl", 50)
    first = make_plan(config(tmp_path, "in"), None)
    second = make_plan(config(tmp_path, "new", "in"), first)
    assert [(os.path.basename(file.path), file.input) for file in second.files] == [
        ("b.jsonl", 1),
        ("a.jsonl", 0),
    ]
    assert layout(second) == [[("b.jsonl", 0, 50)], [("a.jsonl", 0, 50)]]


@pytest.mark.parametrize("change", ["size", "time", "gone"])
def test_a_planned_file_that_is_not_the_same_ends_the_run(tmp_path, change):
    write(tmp_path, "in/a.jsonl", 50)
    write(tmp_path, "in/b.jsonl", 50)
    first = make_plan(config(tmp_path, "in"), None)
    if change == "size":
        write(tmp_path, "in/a.jsonl", 60)
    elif change == "time":
        os.utime(tmp_path / "in" / "a.jsonl", (1, 1))
    else:
        (tmp_path / "in" / "a.jsonl").unlink()
    with pytest.raises(RunError, match=r"a\.jsonl .*start a new run folder"):
        make_plan(config(tmp_path, "in"), first)


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["in", "none*"], r"inputs\.1: .*none\* matches no file"),
        (["in/a.csv"], r"1 files, none of which is read \(1 unknown_format\); known are .jsonl"),
        (["in", "in/a.jsonl"], "every file belongs to one input"),
        (["."], "a file of the run itself"),
    ],
)
def test_inputs_that_can_not_be_used(tmp_path, paths, message):
    write(tmp_path, "in/a.jsonl", 5)
    write(tmp_path, "in/a.csv", 5)
    write(tmp_path, "run/documents/part-000000-000.parquet", 5)
    with pytest.raises(UsageError, match=message):
        make_plan(config(tmp_path, *paths), None)


def test_files_that_are_documents_share_splits_and_what_is_not_read_stands_in_the_plan(tmp_path):
    for name, size in [("a.py", 60), ("b.txt", 0), ("deep/c.html", 30), ("d.warc", 70), ("e.warc.gz", 20)]:
        write(tmp_path, f"in/{name}", size)
    for name in ("x.png", ".git/config", "deep/y.png"):
        write(tmp_path, f"in/{name}", 5)
    plan = make_plan(config(tmp_path, "in"), None)
    assert [file.name for file in plan.files] == ["a.py", "b.txt", "d.warc", "deep/c.html", "e.warc.gz"]
    assert layout(plan) == [
        [("a.py", 0, 0), ("b.txt", 0, 0)],
        [("d.warc", 0, 0), ("c.html", 0, 0)],
        [("e.warc.gz", 0, 0)],
    ]
    assert [(other.why, other.count, other.paths) for other in plan.passed_over] == [
        ("hidden", 1, (".git/config",)),
        ("unknown_format", 2, ("deep/y.png", "x.png")),
    ]


def test_plans_made_before_files_had_names_stay_valid(tmp_path):
    write(tmp_path, "in/a.jsonl", 50)
    run, settings = RunDirectory(tmp_path / "run"), config(tmp_path, "in")
    plan = load_or_make_plan(run, settings).model_dump(mode="json", exclude={"passed_over"})
    del plan["files"][0]["name"]
    run.write_json("plan.json", plan)
    assert load_or_make_plan(run, settings) == make_plan(settings, None)


def test_a_plan_of_another_version_is_refused(tmp_path):
    write(tmp_path, "in/a.jsonl", 5)
    run = RunDirectory(tmp_path / "run")
    run.write_json("plan.json", {"splits": 3})
    with pytest.raises(RunError, match="start a new run folder"):
        load_or_make_plan(run, config(tmp_path, "in"))

"""Ingest: every record of every format becomes a document, goes unsampled or to quarantine, and is counted."""

import gzip
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipelines import ingest
from pipelines.errors import RunError
from pipelines.ingest import ingest_phase, recut
from pipelines.readers import pages, parquet, records, streams
from pipelines.readers.records import ROW_BYTES
from pipelines.runner import Engine, perform, run_waves
from pipelines.storage import plan as plans
from pipelines.storage.plan import load_or_make_plan
from pipelines.storage.receipts import read_receipts
from pipelines.storage.run_directory import RunDirectory
from schemas.config import parse_config
from schemas.documents import DOCUMENT, row_of, split_of
from tests.pipelines.archives import page, warc
from tests.pipelines.readers.pieces import lines_file

KEPT = [
    "id",
    "text",
    "source",
    "url",
    "language",
    "bucket",
    "kind",
    "created",
    "content",
    "metadata",
    "parents",
]
WORDS = ["alpha", "Beta", "γάμμα", "dél\nta", "😀", '"quoted"', "\\back"]


def rows(count, seed=0):
    choice = random.Random(seed)
    return [
        {
            "id": f"id-{k}",
            "text": " ".join(choice.choices(WORDS, k=choice.randint(1, 60))),
            "source": choice.choice(["here", "there", None]),
            "url": choice.choice([None, f"https://example.org/{k}"]),
            "language": "en",
            "created": choice.choice([None, "2024-02-29T12:00:00Z"]),
            "views": choice.choice([None, k]),
        }
        for k in range(count)
    ]


def lines(table):
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in table)


def write_inputs(folder, table):
    """The same rows in every format."""
    folder.mkdir(exist_ok=True)
    (folder / "f.jsonl").write_bytes(lines(table))
    (folder / "f.jsonl.gz").write_bytes(gzip.compress(lines(table), mtime=0))
    (folder / "f.jsonl.zst").write_bytes(zstandard.compress(lines(table)))
    pq.write_table(pa.Table.from_pylist(table), folder / "f.parquet", row_group_size=70)
    for path in folder.iterdir():
        os.utime(path, (0, 0))


def settings(folder, run="run", paths=("in",), **more):
    inputs = [
        {"path": str(folder / path), "bucket": "web", "source_column": "source", "metadata": ["views"]}
        for path in paths
    ]
    return parse_config({"run": str(folder / run), "inputs": inputs, **more})


def do(config, workers=None):
    """Ingest by the pipeline, or without workers task by task in this process."""
    run = RunDirectory(config.run)
    phase = phase_of(run, config)
    if workers:
        run_waves(run, [[phase]], Engine(workers), lambda *_: None)
    for task in phase.tasks:
        assert perform(run, "ingest", phase.fingerprint_of(task), phase.work, task)
    return run


def phase_of(run, config):
    return ingest_phase(run, config, load_or_make_plan(run, config))


def documents(run):
    files = [run.path(name) for name in run.list("documents", ".parquet")]
    return pa.concat_tables([pq.read_table(file) for file in files]) if files else DOCUMENT.empty_table()


def quarantine(run):
    return [row for name in run.list("quarantine") for row in pq.read_table(run.path(name)).to_pylist()]


def counts(run):
    return sum((Counter(receipt.counts) for receipt in read_receipts(run, "ingest").values()), Counter())


def files(run):
    """Bytes of what is compared between runs."""
    return {name: run.read_bytes(name) for folder in ("documents", "quarantine") for name in run.list(folder)}


def test_every_format_gives_the_same_documents(tmp_path):
    table = rows(300)
    write_inputs(tmp_path / "in", table)
    found = []
    for name in ("f.jsonl", "f.jsonl.gz", "f.jsonl.zst", "f.parquet"):
        run = do(settings(tmp_path, f"run-{name}", [f"in/{name}"]))
        part = documents(run)
        assert part.schema.equals(DOCUMENT)
        assert part["doc"].to_pylist() == list(range(300))
        assert counts(run) == {"records": 300, "documents": 300}
        found.append(part.select(KEPT).to_pylist())
    assert found[0] == found[1] == found[2] == found[3]
    for row, made in zip(table, found[0], strict=True):
        assert [made[name] for name in ("id", "text", "url", "language")] == [
            row[name] for name in ("id", "text", "url", "language")
        ]
        assert made["source"] == (row["source"] or "f")
        assert made["metadata"] == ([] if row["views"] is None else [("views", str(row["views"]))])
        assert (made["created"] is None) == (row["created"] is None)
        assert (made["bucket"], made["kind"], made["parents"]) == ("web", None, [])


def test_numbers_of_documents_follow_split_and_record(tmp_path, monkeypatch):
    monkeypatch.setattr(plans, "SPLIT_BYTES", 2_000)
    (tmp_path / "in").mkdir()
    data = lines(rows(40)).replace(b"\n", b"\n\nnot json\n")
    (tmp_path / "in" / "f.jsonl").write_bytes(data)
    run = do(settings(tmp_path))
    made, bad = documents(run), quarantine(run)
    numbers = made["doc"].to_pylist() + [(row["split"] << 32) + row["row"] for row in bad]
    receipts = read_receipts(run, "ingest")
    assert len(receipts) > 3
    assert sorted(numbers) == [
        (split << 32) + row
        for split, receipt in enumerate(receipts.values())
        for row in range(receipt.counts["records"])
    ]
    assert made["id"].to_pylist() == [f"id-{k}" for k in range(40)]
    assert [row["detail"] for row in bad[:2]] == ["blank line", "Expecting value at character 0"]
    assert data[int(bad[1]["place"].removeprefix("byte ")) :].startswith(b"not json\n")
    for receipt in receipts.values():
        [piece] = receipt.details["pieces"]
        assert (piece["first_row"], piece["records"]) == (0, receipt.counts["records"])


def test_counts_add_up_over_mixed_input(tmp_path):
    table = rows(200)
    write_inputs(tmp_path / "in", table)
    bad_lines = b'\n{"text": 1}\n{"text": ""}\n[]\n{"text": "\xff"}\n{}\n{"text": "\\ud800"}\n'
    with open(tmp_path / "in" / "f.jsonl", "ab") as file:
        file.write(bad_lines + b'{"text": "no newline", "id": "last"}')
    with open(tmp_path / "in" / "f.jsonl.gz", "r+b") as file:
        file.truncate((tmp_path / "in" / "f.jsonl.gz").stat().st_size - 20)
    (tmp_path / "in" / "g.parquet").write_bytes(b"PAR1 nothing PAR1")
    run = do(settings(tmp_path, sample=0.5))
    total, bad = counts(run), quarantine(run)
    assert total["records"] == total["documents"] + total["unsampled"] + total["quarantined"]
    assert total["documents"] == documents(run).num_rows
    assert total["quarantined"] == len(bad)
    reasons = Counter(row["reason"] for row in bad)
    assert reasons == {name.removeprefix("quarantined_"): n for name, n in total.items() if "_" in name}
    assert reasons == {
        "bad_json": 1,
        "wrong_type": 2,
        "empty_text": 1,
        "bad_utf8": 2,
        "missing_text": 1,
        "truncated": 1,
        "corrupt": 1,
    }
    read = {
        os.path.basename(piece["file"]): piece["records"]
        for receipt in read_receipts(run, "ingest").values()
        for piece in receipt.details["pieces"]
    }
    assert {name: n for name, n in read.items() if name != "f.jsonl.gz"} == {
        "f.jsonl": 208,
        "f.jsonl.zst": 200,
        "f.parquet": 200,
        "g.parquet": 1,
    }
    assert total["records"] == sum(read.values())


def test_smaller_samples_are_parts_of_larger_ones(tmp_path):
    write_inputs(tmp_path / "in", rows(2_000))
    kept = [
        set(
            documents(do(settings(tmp_path, f"run-{sample}", ["in/f.jsonl"], sample=sample)))[
                "id"
            ].to_pylist()
        )
        for sample in (0.01, 0.1, 0.5, 1.0)
    ]
    assert kept[0] < kept[1] < kept[2] < kept[3]
    assert [len(ids) for ids in kept] == pytest.approx([20, 200, 1_000, 2_000], abs=60)


def test_bytes_do_not_depend_on_read_blocks_or_workers_or_places(tmp_path, monkeypatch):
    monkeypatch.setattr(plans, "SPLIT_BYTES", 9_000)
    write_inputs(tmp_path / "in", rows(120))
    with open(tmp_path / "in" / "f.jsonl", "ab") as file:
        file.write(b"\n\n\n")
    os.utime(tmp_path / "in" / "f.jsonl", (0, 0))
    one = do(settings(tmp_path, "one"))
    assert len(run_files := files(one)) > 5
    assert files(do(settings(tmp_path, "two"), workers=2)) == run_files

    for module, name in ((parquet, "_BATCH_BYTES"), (records, "BATCH_BYTES")):
        monkeypatch.setattr(module, name, 1_000)
    monkeypatch.setattr(records, "BAD_IN_BATCH", 2)
    monkeypatch.setattr(streams, "READ_BYTES", 777)
    assert files(do(settings(tmp_path, "three"))) == run_files

    elsewhere = tmp_path / "else" / "where"
    shutil.copytree(tmp_path / "in", elsewhere / "in")
    moved = files(do(settings(elsewhere)))
    assert {name: data for name, data in moved.items() if "documents" in name} == {
        name: data for name, data in run_files.items() if "documents" in name
    }


def test_parts_and_row_groups_are_cut_by_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(ingest, "BATCH_TEXT_BYTES", 3_000)
    monkeypatch.setattr(ingest, "PART_TEXT_BYTES", 10_000)
    write_inputs(tmp_path / "in", rows(150))
    with open(tmp_path / "in" / "f.jsonl", "ab") as file:
        file.write(lines([{"text": "x" * 20_000, "id": "long"}, {"text": "y", "id": "short"}]))
    run = do(settings(tmp_path, paths=["in/f.jsonl"]))
    [receipt] = read_receipts(run, "ingest").values()
    parts = receipt.details["parts"]
    assert [f"documents/{part['name']}.parquet" for part in parts] == run.list("documents")
    assert [part["name"] for part in parts] == [f"part-000000-{k:03d}" for k in range(len(parts))]
    assert len(parts) > 4
    for part in parts:
        file = pq.ParquetFile(run.path(f"documents/{part['name']}.parquet"))
        groups = [file.read_row_group(k)["text"].to_pylist() for k in range(file.num_row_groups)]
        sizes = [sum(len(text.encode()) for text in group) for group in groups]
        assert all(groups)
        assert all(size <= 3_000 or len(group) == 1 for size, group in zip(sizes, groups, strict=True))
        assert sum(sizes) <= 10_000 or len(groups) == 1
        assert (part["rows"], part["text_bytes"]) == (sum(map(len, groups)), sum(sizes))


@given(st.lists(st.lists(st.integers(0, 900), max_size=6), max_size=6))
def test_where_batches_are_cut_does_not_depend_on_how_they_come(sizes):
    def batch(column):
        return pa.RecordBatch.from_arrays([pa.array(["x" * n for n in column], pa.string())], names=["text"])

    def cut(batches):
        return [[len(text) for text in made["text"].to_pylist()] for made in recut(batches, 1_000)]

    expected: list[list[int]] = []
    for size in (size for column in sizes for size in column):
        weight = sum(n + ROW_BYTES for n in expected[-1]) if expected else 1_000
        if weight + size + ROW_BYTES > 1_000:
            expected.append([])
        expected[-1].append(size)
    assert cut(map(batch, sizes)) == expected
    assert cut([batch([size for column in sizes for size in column])]) == expected


def test_a_rerun_with_less_leaves_nothing_of_the_run_before(tmp_path, monkeypatch):
    monkeypatch.setattr(ingest, "PART_TEXT_BYTES", 4_000)
    monkeypatch.setattr(ingest, "BATCH_TEXT_BYTES", 2_000)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "f.jsonl").write_bytes(lines(rows(100)) + lines([{"body": "other"}]))
    run = do(settings(tmp_path))
    assert len(run.list("documents")) > 3
    assert len(run.list("quarantine")) == 1
    inputs = [{"path": str(tmp_path / "in"), "bucket": "web", "text": "id"}]
    run = do(parse_config({"run": run.root, "inputs": inputs, "sample": 0.2}))
    assert run.list("documents") == [f"documents/{p['name']}.parquet" for p in parts_of(run)]
    assert documents(run).num_rows == counts(run)["documents"] < 60
    inputs = [{"path": str(tmp_path / "in"), "bucket": "web", "text": "nothing"}]
    run = do(parse_config({"run": run.root, "inputs": inputs}))
    assert (run.list("documents"), parts_of(run)) == ([], [])
    assert counts(run) == {"records": 101, "quarantined": 101, "quarantined_missing_text": 101}


def parts_of(run):
    return [part for receipt in read_receipts(run, "ingest").values() for part in receipt.details["parts"]]


def test_fingerprints_follow_what_shapes_the_documents(tmp_path):
    write_inputs(tmp_path / "in", rows(10))

    def prints(folder=tmp_path, run="run", **more):
        config = settings(folder, run, ["in/f.jsonl", "in/f.parquet"], **more)
        return [task.fingerprint for task in phase_of(RunDirectory(config.run), config).tasks]

    first = prints()
    assert first == prints() == prints(run="other")
    assert len(set(first)) == 2
    moved = tmp_path / "moved"
    shutil.copytree(tmp_path / "in", moved / "in")
    assert prints(moved) == first
    assert not set(first) & set(prints(sample=0.5))
    assert not set(first) & set(prints(limits={"document_bytes": 5}))
    assert prints(seed=7, tokenizer="other.json") == first
    os.utime(moved / "in" / "f.jsonl", (5, 5))
    changed = prints(moved, "anew")
    assert (changed[0] == first[0], changed[1] == first[1]) == (False, True)
    inputs = [
        {"path": str(tmp_path / "in" / name), "bucket": "web", "url": "link"}
        for name in ("f.jsonl", "f.parquet")
    ]
    config = parse_config({"run": str(tmp_path / "run"), "inputs": inputs})
    assert not set(first) & {task.fingerprint for task in phase_of(RunDirectory(config.run), config).tasks}


def test_what_pages_give_shapes_only_documents_that_were_pages(tmp_path, monkeypatch):
    write_inputs(tmp_path / "in", rows(3))
    (tmp_path / "in" / "a.warc").write_bytes(page("a"))
    config = settings(tmp_path, paths=["in/f.jsonl", "in/a.warc"])
    before = [task.fingerprint for task in phase_of(RunDirectory(config.run), config).tasks]
    monkeypatch.setattr(pages, "VERSION", "other")
    after = [task.fingerprint for task in phase_of(RunDirectory(config.run), config).tasks]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)


def test_a_file_that_changes_after_the_plan_ends_the_run(tmp_path):
    write_inputs(tmp_path / "in", rows(10))
    config = settings(tmp_path, paths=["in/f.jsonl"])
    run = RunDirectory(config.run)
    phase = phase_of(run, config)
    os.utime(tmp_path / "in" / "f.jsonl", (9, 9))
    with pytest.raises(RunError, match="changed since it was planned"):
        run_waves(run, [[phase]], Engine(), lambda *_: None)
    assert documents(run).num_rows == 0


def test_inputs_and_runs_may_be_anywhere(tmp_path):
    url = f"local://{tmp_path}"
    write_inputs(tmp_path / "in", rows(50))
    inputs = [{"path": f"{url}/in/f.{kind}", "bucket": "code"} for kind in ("jsonl", "jsonl.gz", "parquet")]
    run = do(parse_config({"run": f"{url}/run", "inputs": inputs}))
    assert documents(run).num_rows == 150


def test_trees_and_archives_become_documents_and_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(plans, "SPLIT_BYTES", 1_500)
    files_of_tree = {f"src/m{k:02}.py": f"print({k})\n" * (k + 1) for k in range(40)}
    files_of_tree |= {"README": "About it.", "empty/__init__.py": "", "bad.py": "\0"}
    for name, text in files_of_tree.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text)
    archive = b"".join(gzip.compress(page(str(k)) + warc(f"r{k}", b"", "request")) for k in range(20))
    (tmp_path / "a.warc.gz").write_bytes(archive)
    inputs = [{"path": str(tmp_path / name), "bucket": "code"} for name in ("tree", "a.warc.gz")]
    run = do(parse_config({"run": str(tmp_path / "run"), "inputs": inputs}))
    made = documents(run)
    texts = dict(zip(made["id"].to_pylist(), made["text"].to_pylist(), strict=True))
    bad = {"empty/__init__.py", "bad.py"}
    assert {key: text for key, text in texts.items() if not key.startswith("<")} == {
        name: text for name, text in files_of_tree.items() if name not in bad
    }
    assert [key for key in texts if key.startswith("<")] == [f"<urn:{k}>" for k in range(20)]
    assert {row["file"]: row["reason"] for row in quarantine(run)} == {
        str(tmp_path / "tree" / "empty/__init__.py"): "empty_text",
        str(tmp_path / "tree" / "bad.py"): "binary",
    }
    total = counts(run)
    assert total["records"] == total["documents"] + total["quarantined"] == 63
    assert (total["not_documents"], total["not_documents_request"]) == (20, 20)
    places = [
        piece for receipt in read_receipts(run, "ingest").values() for piece in receipt.details["pieces"]
    ]
    assert [piece["records"] for piece in places] == [1] * 43 + [20]
    numbers = set(made["doc"].to_pylist()) | {(row["split"] << 32) + row["row"] for row in quarantine(run)}
    assert len(numbers) == 63


READ_LONG_LINE = """
import resource, sys
from pipelines.ingest import ingest_phase
from pipelines.runner import perform
from pipelines.storage.plan import load_or_make_plan
from pipelines.storage.run_directory import RunDirectory
from schemas.config import parse_config

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

before = peak()
inputs = [{"path": sys.argv[2], "bucket": "web"}]
config = parse_config({"run": sys.argv[1], "inputs": inputs, "limits": {"document_bytes": 1_000_000}})
run = RunDirectory(config.run)
phase = ingest_phase(run, config, load_or_make_plan(run, config))
assert all(perform(run, "ingest", phase.fingerprint_of(task), phase.work, task) for task in phase.tasks)
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.zst"])
def test_a_line_of_300_megabytes_is_never_held(tmp_path, suffix):
    data = b'{"text": "first"}\n{"text": "' + b"a" * 300_000_000 + b'"}\n{"text": "last"}\n'
    file = lines_file(tmp_path, data, suffix)
    del data
    done = subprocess.run(
        [sys.executable, "-c", READ_LONG_LINE, str(tmp_path / "run"), file.path],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    assert int(done.stdout) < 200
    run = RunDirectory(tmp_path / "run")
    assert documents(run)["text"].to_pylist() == ["first", "last"]
    [row] = quarantine(run)
    assert (row["reason"], row["place"]) == ("oversize", "byte 18" if suffix == ".jsonl" else "line 2")
    assert row["excerpt"] == b'{"text": "' + b"a" * 190


def test_documents_are_numbered_by_split_and_row(tmp_path):
    write_inputs(tmp_path / "in", rows(5))
    made = documents(do(settings(tmp_path, paths=["in/f.jsonl", "in/f.parquet"])))
    assert [(split_of(doc), row_of(doc)) for doc in made["doc"].to_pylist()] == [
        (split, row) for split in range(2) for row in range(5)
    ]

"""What is in a run directory is whole, and says what it is."""

import hashlib
import pickle
import uuid

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.storage.run_directory import RunDirectory

SCHEMA = pa.schema([("doc", pa.int64()), ("id", pa.string())])


@pytest.fixture(params=["local", "memory"])
def run(request, tmp_path):
    if request.param == "local":
        return RunDirectory(tmp_path / "run")
    return RunDirectory(f"memory://{uuid.uuid4().hex}")


def test_a_written_file_is_listed_with_its_bytes_and_digest(run):
    file = run.write_bytes("signals/quality/part.bin", b"abc")
    assert (file.bytes, file.sha256) == (3, hashlib.sha256(b"abc").hexdigest())
    assert run.list("signals/quality") == ["signals/quality/part.bin"]
    assert run.read_bytes("signals/quality/part.bin") == b"abc"
    assert run.size("signals/quality/part.bin") == 3


def test_an_error_while_writing_leaves_no_file_and_no_draft(run):
    with pytest.raises(RuntimeError), run.writing("documents/part.parquet") as draft:
        draft.write_bytes(b"half")
        raise RuntimeError
    assert not run.exists("documents/part.parquet")
    assert not draft.exists()


def test_an_error_while_writing_keeps_the_earlier_file(run):
    run.write_bytes("plan.json", b"old")
    with pytest.raises(RuntimeError), run.writing("plan.json") as draft:
        draft.write_bytes(b"half")
        raise RuntimeError
    assert run.read_bytes("plan.json") == b"old"


def test_absent_files_and_folders_are_none_and_empty(run):
    assert run.size("nothing") is None
    assert run.list("no/folder") == []
    run.remove("nothing")


def test_parquet_round_trips_with_a_row_group_a_batch(run):
    batches = [
        pa.record_batch([[1, 2], ["a", "b"]], schema=SCHEMA),
        pa.record_batch([[3], ["c"]], schema=SCHEMA),
    ]
    file = run.write_parquet("t.parquet", SCHEMA, batches)
    with run.parquet("t.parquet") as read:
        assert read.num_row_groups == 2
        assert read.read().to_pydict() == {"doc": [1, 2, 3], "id": ["a", "b", "c"]}
    assert file.rows == 3


def test_no_batches_make_a_file_with_the_schema(run):
    run.write_parquet("t.parquet", SCHEMA, [])
    with run.parquet("t.parquet") as read:
        assert read.schema_arrow.equals(SCHEMA)
        assert read.metadata.num_rows == 0


@pytest.mark.parametrize("names", [["doc"], ["doc", "id", "more"]])
def test_a_batch_with_other_columns_is_refused(run, names):
    batch = pa.record_batch([pa.array([1]) for _ in names], names=names)
    with pytest.raises(ValueError, match="columns"):
        run.write_parquet("t.parquet", SCHEMA, [batch])
    assert not run.exists("t.parquet")


def test_two_attempts_write_the_same_bytes(run):
    batch = pa.record_batch([[1, 2], ["a", "b"]], schema=SCHEMA)
    first = run.write_parquet("t.parquet", SCHEMA, [batch])
    assert run.write_parquet("t.parquet", SCHEMA, [batch]) == first


def test_a_pickled_directory_opens_the_same_run(tmp_path):
    run = pickle.loads(pickle.dumps(RunDirectory(tmp_path / "run")))
    run.write_bytes("a", b"1")
    assert (tmp_path / "run" / "a").read_bytes() == b"1"


def test_a_local_copy_of_a_remote_file_is_readable_as_a_path():
    url = f"memory://{uuid.uuid4().hex}"
    run = RunDirectory(url)
    pq.write_table(pa.table({"x": [1]}), fsspec.open(f"{url}/t.parquet", "wb").open())
    run.write_bytes("index", b"abc")
    assert run.local_copy("index").read_bytes() == b"abc"


def test_clearing_scratch_removes_drafts_of_a_killed_run(tmp_path):
    run = RunDirectory(tmp_path)
    (tmp_path / ".scratch").mkdir()
    (tmp_path / ".scratch" / "draft").write_bytes(b"half")
    run.clear_scratch()
    assert not (tmp_path / ".scratch").exists()

"""Quarantine files are written as bad records come, and only where there are some."""

import pyarrow.parquet as pq
import pytest

from pipelines.readers.records import BadRecord
from pipelines.storage import quarantine as quarantines
from pipelines.storage.quarantine import Quarantine, quarantine_file
from pipelines.storage.run_directory import RunDirectory


def bad(row):
    return BadRecord(row, f"line {row + 1}", "bad_json", "blank line", b"\xff")


def test_rows_come_in_groups_of_one_size_however_they_were_added(tmp_path, monkeypatch):
    monkeypatch.setattr(quarantines, "GROUP_ROWS", 4)
    written = []
    for step in (1, 3, 10):
        run = RunDirectory(tmp_path / str(step))
        with Quarantine(run, 7) as quarantine:
            for start in range(0, 10, step):
                quarantine.add("f.jsonl", 100, [bad(row) for row in range(start, min(start + step, 10))])
        file = pq.ParquetFile(run.path(quarantine_file(7)))
        assert [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)] == [4, 4, 2]
        assert quarantine.file.rows == 10
        written.append(quarantine.file)
    assert written[0] == written[1] == written[2]
    assert file.read().to_pylist()[9] == {
        "split": 7,
        "row": 109,
        "file": "f.jsonl",
        "place": "line 10",
        "reason": "bad_json",
        "detail": "blank line",
        "excerpt": b"\xff",
    }


def test_without_bad_records_there_is_no_file_and_an_earlier_one_goes(tmp_path):
    run = RunDirectory(tmp_path)
    with Quarantine(run, 7) as quarantine:
        quarantine.add("f.jsonl", 0, [bad(0)])
    assert run.exists(quarantine_file(7))
    with Quarantine(run, 7) as quarantine:
        quarantine.add("f.jsonl", 0, [])
    assert quarantine.file is None
    assert not run.exists(quarantine_file(7))


def test_nothing_stands_after_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(quarantines, "GROUP_ROWS", 2)
    run = RunDirectory(tmp_path)
    with pytest.raises(ZeroDivisionError), Quarantine(run, 7) as quarantine:
        quarantine.add("f.jsonl", 0, [bad(0), bad(1), bad(2)])
        raise ZeroDivisionError
    assert run.list("quarantine") == run.list(".scratch") == []

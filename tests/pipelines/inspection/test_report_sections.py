"""Quarantine, costs, contamination, questions: what each section of the report is made of."""

import shlex

import duckdb
import pytest

from pipelines.inspection.report_contamination import read_contamination
from pipelines.inspection.report_quarantine import read_quarantine
from pipelines.inspection.report_questions import further_questions
from pipelines.inspection.report_stages import read_costs
from pipelines.inspection.views import connect
from schemas.quarantine import QUARANTINE

from .conftest import rows


def test_quarantine_is_counted_by_reason_and_file_and_shows_some_of_each(finished_run, config):
    records = [
        (1, row, f"data/{row % 12}.jsonl", f"line {row}", reason, "why", b"\xff{")
        for reason, some in (("oversize", range(20)), ("empty_text", range(20, 22)))
        for row in some
    ]
    finished_run.write_parquet("quarantine/split-000001.parquet", QUARANTINE, rows(QUARANTINE, records))
    with connect(finished_run, config) as con:
        found = read_quarantine(con)
    assert found.reasons == [("oversize", 20, 12), ("empty_text", 2, 2), ("bad_json", 1, 1)]
    assert len(found.files) == 10
    assert found.more_files == 3
    assert [one.reason for one in found.records] == ["bad_json", *["empty_text"] * 2, *["oversize"] * 3]
    assert found.records[-1].excerpt == "\\xff{"


def test_stages_have_the_seconds_and_the_peak_of_their_receipts(finished_run, config):
    with connect(finished_run, config) as con:
        found = read_costs(con)
    ingest = next(one for one in found.stages if one.stage == "ingest")
    assert (ingest.tasks, ingest.seconds, ingest.slowest_task, ingest.slowest_seconds) == (
        2,
        4.0,
        "split-000001",
        2.5,
    )
    assert found.seconds == pytest.approx(sum(one.seconds for one in found.stages))
    assert [one.seconds for one in found.stages] == sorted(
        (one.seconds for one in found.stages), reverse=True
    )
    assert found.peak_bytes == 700_000_000
    assert found.text_bytes == 800


def test_a_run_without_receipts_has_no_costs(empty_run, config):
    with connect(empty_run, config) as con:
        assert read_costs(con) is None
        assert read_quarantine(con) is None
        assert read_contamination(con) is None


def test_verdicts_hold_every_checked_document(finished_run, config):
    with connect(finished_run, config) as con:
        found = read_contamination(con)
    assert sum(documents for *_, documents, _ in found.verdicts) == 9
    assert sum(tokens for *_, tokens in found.verdicts) == 97
    assert found.benchmarks == [("human-eval", None, 1, 1)]


def test_the_lines_to_ask_more_are_right_for_the_run(finished_run, config):
    lines = [shlex.split(line) for _, line in further_questions("a run's folder", "it's short")]
    with connect(finished_run, config) as con:
        for program, command, run, *rest in lines:
            assert (program, run) == ("syllabus", "a run's folder")
            if command == "inspect":
                assert rest[0] == "--sql"
                assert isinstance(con.execute(rest[1]), duckdb.DuckDBPyConnection)
    assert {command for _, command, *_ in lines} == {"inspect", "explain"}

"""`inspect` prints results and a summary, as text and as strict JSON."""

import json

import pytest

from pipelines.errors import UsageError
from pipelines.inspection.inspect import QUERIES, QueryResult, inspect

from .conftest import HOSTILE


def test_a_query_is_printed_as_a_table_and_as_json_lines(finished_run):
    result = inspect(finished_run.url, "SELECT id, n_tokens FROM quality ORDER BY doc LIMIT 2")
    assert result.as_text() == "id   n_tokens\n---  --------\na-0         9\na-1         9"
    assert [json.loads(line) for line in result.as_json().split("\n")] == [
        {"id": "a-0", "n_tokens": 9},
        {"id": "a-1", "n_tokens": 9},
    ]


def test_hostile_text_stays_in_its_cell(finished_run):
    result = inspect(finished_run.url, "SELECT text, 'a\nb' FROM documents WHERE text LIKE '%script%'")
    assert len(result.as_text().split("\n")) == 3
    assert "\x1b" not in result.as_text()
    assert json.loads(result.as_json())["text"].startswith(HOSTILE)


def test_every_type_of_the_views_is_json(finished_run):
    for view in ("documents", "selection", "hits", "receipts", "shards", "quarantine"):
        for line in inspect(finished_run.url, f"SELECT * FROM {view}").as_json().split("\n"):
            assert json.loads(line)
    odd = "SELECT 'nan'::DOUBLE, 1.5::DECIMAL(9,3), DATE '2024-01-02', uuid(), MAP {1: 2}"
    assert [*json.loads(inspect(finished_run.url, odd).as_json()).values()][:3] == [None, 1.5, "2024-01-02"]


def test_a_long_result_is_cut_in_the_table_alone():
    result = QueryResult(["k"], [(k,) for k in range(1_005)])
    assert result.as_text().endswith("and 5 more rows; --json prints all")
    assert len(result.as_json().split("\n")) == 1_005


@pytest.mark.parametrize("sql", ["SELECT nothing FROM documents", "SELEC 1"])
def test_a_query_that_fails_is_a_usage_error(finished_run, sql):
    with pytest.raises(UsageError, match="--sql: "):
        inspect(finished_run.url, sql)


def test_the_summary_counts_what_became_of_every_record(finished_run):
    summary = inspect(finished_run.url, None)
    steps = {row["step"]: row["documents"] for row in summary.funnel}
    assert (
        steps["records"]
        == 11
        == steps["quarantined: bad_json"] + steps["left out by sample"] + steps["documents"]
    )
    fates = [count for step, count in steps.items() if step.startswith(("dropped", "kept"))]
    assert sum(fates) == steps["documents"] == 9
    assert summary.mismatches == []
    assert json.loads(summary.as_json())["mixture"][0]["tokens"] == 32
    assert all(query in summary.as_text() for query in QUERIES)


def test_the_queries_to_try_can_be_tried(finished_run, empty_run):
    for query in QUERIES:
        assert inspect(finished_run.url, query).columns


def test_the_summary_of_a_run_that_has_just_begun_is_empty_but_whole(empty_run):
    assert {row["documents"] for row in inspect(empty_run.url, None).funnel} == {0}

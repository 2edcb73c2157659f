"""Thresholds are found wherever a condition compares a fact with a number, and nowhere else."""

import duckdb
import pytest

from pipelines.inspection.report_thresholds import read_thresholds
from pipelines.inspection.tables import tables_sql
from schemas.config import parse_config


@pytest.fixture
def con():
    with duckdb.connect() as con:
        con.execute(tables_sql(set()))
        yield con


def found(con, condition):
    config = parse_config(
        {"run": "x", "inputs": [{"path": "x", "bucket": "web"}], "filters": {"rule": condition}}
    )
    return [(fact, one.sign, one.value) for fact, own in read_thresholds(con, config).items() for one in own]


@pytest.mark.parametrize(
    ("condition", "thresholds"),
    [
        ("n_words >= 4", [("n_words", ">=", 4)]),
        ("4 < n_words -- four", [("n_words", ">", 4)]),
        ("n_words >= 4 AND n_tokens <= 3.5", [("n_words", ">=", 4), ("n_tokens", "<=", 3.5)]),
        ("bucket = 'code' OR n_words > 1e3", [("n_words", ">", 1000)]),
        ("NOT (n_words > -1)", [("n_words", "<=", -1)]),
        ("n_words BETWEEN 10 * 2 AND 5e3", [("n_words", ">=", 20), ("n_words", "<=", 5000)]),
        ("NOT (n_words BETWEEN 1 AND 2)", [("n_words", "<", 1), ("n_words", ">", 2)]),
        ('signals.n_words < 9 AND "n_words" < 8', [("n_words", "<", 9), ("n_words", "<", 8)]),
        ("n_tokens / n_words < 4", [("n_tokens / n_words", "<", 4)]),
        ("n_tokens <= 3 * n_words", [("n_tokens / (3 * n_words)", "<=", 1)]),
        ("NOT (n_tokens + 1 < n_bytes)", [("(n_tokens + 1) / n_bytes", ">=", 1)]),
        ("length(url) < 99", [("length(url)", "<", 99)]),
    ],
)
def test_comparisons_with_numbers_are_thresholds(con, condition, thresholds):
    assert found(con, condition) == thresholds


@pytest.mark.parametrize(
    "condition",
    ["source > bucket", "created > '2020-01-01'", "url IS NULL", "id > '5'", "n_words = 3", "true"],
)
def test_what_compares_no_fact_with_a_number_is_none(con, condition):
    assert found(con, condition) == []


def test_components_divide_and_do_not_drop(con):
    components = {"long": {"where": "n_words > 7", "share": 1.0}}
    config = parse_config(
        {
            "run": "x",
            "inputs": [{"path": "x", "bucket": "web"}],
            "filters": {"rule": "n_words > 2"},
            "mixture": {"tokens": 64, "sequence_length": 16, "components": components},
        }
    )
    rules = [(one.key, one.rule) for one in read_thresholds(con, config)["n_words"]]
    assert rules == [("rule", "rule"), ("mixture.components.long", None)]

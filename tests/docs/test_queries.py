"""The queries of docs/queries.md."""

import re
from pathlib import Path

import duckdb
import pytest

from pipelines.inspection.tables import tables_sql
from pipelines.selection import selection_sql
from schemas.config import parse_config

PAGE = Path(__file__).parents[2] / "docs" / "queries.md"
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_page_answers_at_least_twenty_questions():
    assert len(QUERIES) >= 20


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: " ".join(query.split())[:60])
def test_every_query_of_the_page_binds_to_the_views_of_a_run(query):
    config = parse_config({"run": "r", "inputs": [{"path": "a.jsonl", "bucket": "web"}]})
    with duckdb.connect() as con:
        con.execute(tables_sql(set()))
        con.execute(f"CREATE VIEW selection AS {selection_sql(config)}")
        assert con.execute(query).fetchall() == []

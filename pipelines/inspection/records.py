"""Rows of a query as records."""

from typing import Any

import duckdb


def read_records(
    con: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None
) -> list[dict[str, Any]]:
    """The rows of a query, each by its columns' names."""
    cursor = con.execute(query, values or [])
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

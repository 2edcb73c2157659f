"""What was found of people in the text, by kind: numbers alone, never the text."""

import duckdb


def read_privacy(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int, int, int]]:
    """Kind, action, spans, documents that hold some, and their bytes, the most spans first; none without spans."""
    return con.execute(
        "SELECT kind, action, sum(spans)::BIGINT, count(*), sum(bytes)::BIGINT FROM ("
        'SELECT kind, action, doc, count(*) AS spans, sum("end" - start) AS bytes FROM spans GROUP BY ALL'
        ") GROUP BY ALL ORDER BY 3 DESC, 1, 2"
    ).fetchall()

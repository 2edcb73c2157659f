"""What a run shares with the benchmarks, in short; decontamination.html has the whole."""

from dataclasses import dataclass

import duckdb

_SHOWN_BENCHMARKS = 20
_VERDICTS = """
SELECT verdict, coalesce(rule, ''), count(*), coalesce(sum(n_tokens), 0)::BIGINT
FROM selection WHERE verdict IS NOT NULL GROUP BY ALL ORDER BY 3 DESC, 1, 2
"""
_BENCHMARKS = """
WITH found AS (
  SELECT benchmark, count(*) FILTER (verdict = 'contaminated') AS contaminated,
    count(*) FILTER (verdict = 'partial') AS partial
  FROM selection WHERE verdict <> 'clean' GROUP BY ALL
), indexed AS (
  SELECT entry.key AS benchmark, entry.value AS items
  FROM (SELECT unnest(map_entries(counts)) AS entry FROM receipts WHERE stage = 'index') WHERE entry.key <> 'items'
)
SELECT benchmark, items, coalesce(contaminated, 0), coalesce(partial, 0)
FROM indexed FULL JOIN found USING (benchmark) ORDER BY 3 DESC, 4 DESC, 1
"""


@dataclass(frozen=True)
class Contamination:
    """verdicts: verdict, rule, documents, tokens. benchmarks: those of most contaminated documents, with their
    items (None where they are not counted), contaminated and partial documents. more: further ones; clean: how many
    of all have no such document."""

    verdicts: list[tuple[str, str, int, int]]
    benchmarks: list[tuple[str, int | None, int, int]]
    more: int
    clean: int


def read_contamination(con: duckdb.DuckDBPyConnection) -> Contamination | None:
    """None where no document was checked."""
    verdicts = con.execute(_VERDICTS).fetchall()
    if not verdicts:
        return None
    rows = con.execute(_BENCHMARKS).fetchall()
    found = [row for row in rows if row[2] or row[3]]
    return Contamination(
        verdicts, found[:_SHOWN_BENCHMARKS], max(0, len(found) - _SHOWN_BENCHMARKS), len(rows) - len(found)
    )

"""The records of a run that could not be read as documents."""

from dataclasses import dataclass

import duckdb

_OF_A_REASON = 3
_SHOWN = 30
_FILES = 10


@dataclass(frozen=True)
class BadRecord:
    """One record in quarantine, with its first bytes."""

    file: str
    place: str
    reason: str
    detail: str
    excerpt: str


@dataclass(frozen=True)
class Quarantine:
    """reasons: reason, records, files that hold some. files: those of most records, with their number, and how
    many more there are. records: the first of every reason."""

    reasons: list[tuple[str, int, int]]
    files: list[tuple[str, int]]
    more_files: int
    records: list[BadRecord]


def read_quarantine(con: duckdb.DuckDBPyConnection) -> Quarantine | None:
    """None where nothing was set aside."""
    reasons = con.execute(
        "SELECT reason, count(*), count(DISTINCT file) FROM quarantine GROUP BY ALL ORDER BY 2 DESC, 1"
    ).fetchall()
    if not reasons:
        return None
    files = con.execute(
        f"SELECT file, count(*), count(*) OVER () FROM quarantine GROUP BY file ORDER BY 2 DESC, 1 LIMIT {_FILES}"
    ).fetchall()
    rows = con.execute(
        "SELECT file, place, reason, detail, excerpt FROM quarantine "
        f"QUALIFY row_number() OVER (PARTITION BY reason ORDER BY split, row) <= {_OF_A_REASON} "
        f"ORDER BY reason, split, row LIMIT {_SHOWN}"
    ).fetchall()
    return Quarantine(
        reasons,
        [(file, records) for file, records, _ in files],
        max(0, files[0][2] - _FILES),
        [BadRecord(*row, excerpt.decode(errors="backslashreplace")) for *row, excerpt in rows],
    )

"""`syllabus inspect`: a query over the views of a run, or a summary of the run and queries to try."""

from dataclasses import dataclass
from typing import Any

import duckdb
from rich.cells import cell_len

from pipelines.errors import UsageError
from pipelines.storage.run_directory import RunDirectory

from .excerpts import readable
from .funnel import count_fates, read_funnel, read_manifest
from .plain_json import json_line
from .views import connect, stored_config

_SHOWN_ROWS = 1_000
_CELL_CHARACTERS = 80
QUERIES = (
    "SELECT drop_reason, count(*) FROM selection GROUP BY ALL",
    "SELECT source, count(*), sum(n_tokens) FROM selection WHERE keep GROUP BY ALL ORDER BY 2 DESC",
    "SELECT id, kept_id, similarity FROM duplicates WHERE is_duplicate ORDER BY similarity LIMIT 20",
    "SELECT benchmark, verdict, count(*) FROM contamination WHERE verdict <> 'clean' GROUP BY ALL",
    "SELECT file, place, reason, detail FROM quarantine LIMIT 20",
)


@dataclass(frozen=True)
class QueryResult:
    """The rows of a query, in memory."""

    columns: list[str]
    rows: list[tuple[Any, ...]]

    def as_json(self) -> str:
        """JSON, one object a row."""
        return "\n".join(json_line(dict(zip(self.columns, row, strict=True))) for row in self.rows)

    def as_text(self) -> str:
        """A table of the first 1,000 rows, its cells cut to 80 characters."""
        text = text_table(self.columns, self.rows[:_SHOWN_ROWS])
        further = len(self.rows) - _SHOWN_ROWS
        return f"{text}\nand {further:,} more rows; --json prints all" if further > 0 else text


@dataclass(frozen=True)
class Summary:
    """A run at a glance."""

    run: str
    state: dict[str, Any]
    stages: list[dict[str, Any]]
    funnel: list[dict[str, Any]]
    mixture: list[dict[str, Any]]
    mismatches: list[str]

    def as_json(self) -> str:
        """JSON, one object in all."""
        return json_line(self.__dict__)

    def as_text(self) -> str:
        state = ", ".join(f"{name} {value}" for name, value in self.state.items())
        sections = [readable(f"{self.run}: {state}" if state else self.run, 2_000)]
        for records in (self.stages, self.funnel, self.mixture):
            if records:
                sections.append(text_table([*records[0]], [tuple(record.values()) for record in records]))
        sections += self.mismatches
        queries = "\n".join(f'  --sql "{query}"' for query in QUERIES)
        return "\n\n".join([*sections, f"Queries to try:\n{queries}"])


def inspect(run_url: str, sql: str | None) -> QueryResult | Summary:
    """The result of a query over the views of a run, or without one a summary of the run.

    Works from any folder, while the run is written, and after it was moved. The rows of the result are held
    in memory. Raises RunError where there is no run, UsageError where the query fails.
    """
    run = RunDirectory(run_url)
    if sql is None:
        return _summary(run)
    with connect(run) as con:
        try:
            cursor = con.execute(sql)
            columns = [column[0] for column in cursor.description or []]
            return QueryResult(columns, cursor.fetchall() if columns else [])
        except duckdb.Error as error:
            raise UsageError(f"--sql: {error}") from None


def _summary(run: RunDirectory) -> Summary:
    config = stored_config(run)
    with connect(run, config) as con:
        count_fates(con)
        funnel = read_funnel(con, config)
        stages = con.execute(
            "SELECT stage, count(*), round(sum(seconds), 1), round(max(peak_bytes) / 1e6)::BIGINT "
            "FROM receipts GROUP BY ALL ORDER BY stage"
        ).fetchall()
    steps = [("records", funnel.records, None)]
    steps += [(f"quarantined: {reason}", count, None) for reason, count in funnel.quarantined.items()]
    steps += [("left out by sample", funnel.unsampled, None), ("documents", funnel.documents, None)]
    steps += [(f"dropped: {name}", a.documents, a.tokens) for name, a in funnel.fates.dropped.items()]
    for name, amount in funnel.fates.kept.items():
        steps.append(("kept" if name is None else f"kept: {name}", amount.documents, amount.tokens))
    manifest = read_manifest(run)
    return Summary(
        run=run.url,
        state=run.read_json("run.json").get("state", {}),
        stages=[dict(zip(("stage", "tasks", "seconds", "peak MB"), row, strict=True)) for row in stages],
        funnel=[dict(zip(("step", "documents", "tokens"), step, strict=True)) for step in steps],
        mixture=[
            {
                "component": name,
                "share": entry.share,
                "realised": entry.realised_share,
                "unique tokens": entry.unique_tokens,
                "epochs": round(entry.epochs, 2),
                "tokens": entry.tokens,
            }
            for name, entry in (manifest.components.items() if manifest else ())
        ],
        mismatches=funnel.mismatches(),
    )


def text_table(columns: list[str], rows: list[tuple[Any, ...]]) -> str:
    """Rows as lines of aligned cells under their names, numbers to the right; control characters escaped."""
    cells = [[_cell(name) for name in columns]]
    cells += [[_cell(value) for value in row] for row in rows]
    widths = [max(cell_len(line[k]) for line in cells) for k in range(len(columns))]
    rights = [bool(rows) and all(_is_number(row[k]) for row in rows) for k in range(len(columns))]
    lines = []
    for line in cells:
        padded = []
        for cell, width, right in zip(line, widths, rights, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if right else cell + space)
        lines.append("  ".join(padded).rstrip())
    return "\n".join([*lines[:1], "  ".join("-" * width for width in widths), *lines[1:]])


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) < 2**32 else str(value)
    text = (
        value
        if isinstance(value, str)
        else json_line(value)
        if isinstance(value, (dict, list, bytes))
        else str(value)
    )
    return readable(text, _CELL_CHARACTERS).replace("\n", "\\n").replace("\t", "\\t")

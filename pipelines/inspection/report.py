"""RUN/report/index.html: the whole run on one page that needs nothing but itself."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import yaml
from markupsafe import Markup

from pipelines.selection import drop_rules
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config

from .examples import choose_examples
from .excerpts import readable
from .funnel import Fates, count_fates, fates_by, read_funnel, read_manifest
from .generation_examples import choose_rejected, choose_written
from .generation_funnel import read_recipe_funnels
from .views import connect

REPORT = "report/index.html"
DECONTAMINATION = "report/decontamination.html"
_SOURCES = 30
_QUARANTINED = 30
_SLOWEST = 10
_HUES = 7
_BENCHMARKS = """
WITH found AS (
  SELECT benchmark, count(*) FILTER (verdict = 'contaminated') AS contaminated,
    count(*) FILTER (verdict = 'partial') AS partial
  FROM contamination WHERE verdict <> 'clean' GROUP BY ALL
), indexed AS (
  SELECT entry.key AS benchmark, entry.value AS items
  FROM (SELECT unnest(map_entries(counts)) AS entry FROM receipts WHERE stage = 'index') WHERE entry.key <> 'items'
)
SELECT benchmark, items, coalesce(contaminated, 0), coalesce(partial, 0)
FROM indexed FULL JOIN found USING (benchmark) ORDER BY 3 DESC, 4 DESC, 1
"""


def write_report(run: RunDirectory, config: Config) -> str:
    """Write RUN/report/index.html from what stands now, and return its path.

    Costs two passes over the facts, and one over the ids.
    """
    with connect(run, config) as con:
        page = _environment().get_template("report.html.j2").render(_content(run, config, con))
    run.write_bytes(REPORT, page.encode())
    return run.path(REPORT)


def _content(run: RunDirectory, config: Config, con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    count_fates(con)
    funnel = read_funnel(con, config)
    manifest = read_manifest(run)
    rules = drop_rules(config)
    return {
        "name": run.url.rsplit("/", 1)[-1],
        "funnel": funnel,
        "mismatches": funnel.mismatches(),
        "manifest": manifest,
        "hues": {reason: k % _HUES for k, reason in enumerate(rules)},
        "conditions": {name: " ".join(text.split()) for name, text in config.filters.items()},
        "buckets": fates_by(con, config, "bucket", _SOURCES),
        "sources": fates_by(con, config, "source", _SOURCES),
        "examples": choose_examples(con),
        "generation": _generation(con, rules),
        "repeated_ids": _one(con, "SELECT count(*) - count(DISTINCT hash(id)) FROM documents"),
        "verdicts": _rows(
            con,
            "SELECT verdict, coalesce(rule, ''), count(*) FROM contamination GROUP BY ALL ORDER BY 3 DESC, 1, 2",
        ),
        "benchmarks": _rows(con, _BENCHMARKS),
        "decontaminate": config.decontaminate,
        "decontamination_page": DECONTAMINATION.rsplit("/", 1)[-1] if run.exists(DECONTAMINATION) else None,
        "quarantined": _quarantined(con),
        "stages": _rows(
            con,
            "SELECT stage, count(*), sum(seconds::DECIMAL(18, 3)), max(seconds), "
            "first(task ORDER BY seconds DESC, task), max(peak_bytes) "
            "FROM receipts GROUP BY ALL ORDER BY 3 DESC, 1",
        ),
        "slowest": _rows(
            con,
            "SELECT stage, task, seconds, peak_bytes FROM receipts "
            f"ORDER BY seconds DESC, stage, task LIMIT {_SLOWEST}",
        ),
        "config": yaml.safe_dump(
            config.model_dump(mode="json", exclude_defaults=True), sort_keys=False, allow_unicode=True
        ),
    }


def _generation(con: duckdb.DuckDBPyConnection, rules: Iterable[str]) -> dict[str, Any] | None:
    """What models wrote, None where they were given no seeds; dropped: the rules that some of it met."""
    funnels = read_recipe_funnels(con)
    if not funnels:
        return None
    return {
        "funnels": funnels,
        "dropped": [rule for rule in rules if any(rule in funnel.dropped for funnel in funnels)],
        "written": choose_written(con),
        "rejected": choose_rejected(con),
    }


def _quarantined(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    """The first records of every reason: file, place, reason, detail, excerpt."""
    rows = _rows(
        con,
        "SELECT file, place, reason, detail, excerpt FROM quarantine "
        "QUALIFY row_number() OVER (PARTITION BY reason ORDER BY split, row) <= 5 "
        f"ORDER BY reason, split, row LIMIT {_QUARANTINED}",
    )
    return [(*row, excerpt.decode(errors="backslashreplace")) for *row, excerpt in rows]


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    return con.execute(query).fetchall()


def _one(con: duckdb.DuckDBPyConnection, query: str) -> int:
    return con.execute(query).fetchall()[0][0]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": _breakable,
        "count": _count,
        "of": _of,
        "percent": _percent,
        "segments": _segments,
        "short": _short,
    }
    return environment


def _shown(value: Any) -> Any:
    """What a template expression prints: text without characters that act on what stands around them."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return readable(value, 10_000)
    return value


def _count(number: int) -> str:
    return f"{number:,}"


def _of(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _breakable(name: str) -> Markup:
    """A name that may be broken after its underscores."""
    return Markup("_<wbr>").join(readable(name, 200).split("_"))


def _short(number: float) -> str:
    """A number for a headline: 1.30T, 290B, 12.4M, 9,812."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:,.0f}"


def _percent(part: float, whole: float = 1) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "–"


def _segments(fates: Fates, hues: dict[str, int]) -> list[tuple[str, str, int, float]]:
    """A stacked bar: class, name, documents and width in percent of everything that was kept or dropped."""
    total = fates.total.documents
    if not total:
        return []
    parts = [("kept", "kept", fates.total_kept.documents)]
    parts += [(f"hue{hues[reason]}", reason, amount.documents) for reason, amount in fates.dropped.items()]
    return [(style, name, count, round(100 * count / total, 3)) for style, name, count in parts if count]

"""RUN/report/index.html: the whole run on one page that needs nothing but itself."""

from collections.abc import Iterable
from typing import Any

import duckdb
import yaml

from pipelines.selection import drop_rules
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config

from .examples import choose_examples, make_examples
from .funnel import count_fates, dropped_by, fates_by, read_funnel, read_manifest
from .generation_examples import choose_rejected, choose_written
from .generation_funnel import read_recipe_funnels
from .report_contamination import read_contamination
from .report_drawing import draw
from .report_duplicates import find_groups, read_near_duplicates
from .report_format import report_environment
from .report_histograms import read_histograms
from .report_inputs import count_inputs, files_not_read, read_plan, without_logins
from .report_privacy import read_privacy
from .report_quarantine import read_quarantine
from .report_questions import further_questions
from .report_rules import count_rules
from .report_stages import read_costs
from .report_texts import read_beginnings
from .views import connect

REPORT = "report/index.html"
DECONTAMINATION = "report/decontamination.html"
_MEMORY = "1GB"
_SHARED_COLUMNS = (
    "doc, source, bucket, language, n_tokens, is_duplicate, kept_doc, similarity, "
    "verdict, rule, ratio, benchmark, item_id, segment, blocked_by, drop_reason, component"
)
_SHOWN_VALUES = 20
_SHARES_OF_A_RULE = 6
_OTHER_HUE = 6


def write_report(run: RunDirectory, config: Config) -> str:
    """Write RUN/report/index.html from what stands now, and return its path.

    Costs four passes over the facts and one over the ids, and reads the text of the few documents that it
    shows. Memory is 1 GB, beyond which tables go to disk: about 150 bytes a document. The page grows with
    the config, not with the run.
    """
    with connect(run, config, memory_limit=_MEMORY, preserve_insertion_order=False) as con:
        page = report_environment().get_template("report.html.j2").render(_content(run, config, con))
    run.write_bytes(REPORT, page.encode())
    return run.path(REPORT)


def _content(run: RunDirectory, config: Config, con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    _read_once(con)
    count_fates(con)
    funnel = read_funnel(con, config)
    examples = choose_examples(con, config.seed)
    groups = find_groups(con)
    texts = read_beginnings(
        con, [*examples.all_docs(), *(doc for group in groups for doc in (group.kept_doc, group.shown_doc))]
    )
    plan = read_plan(run)
    rules = drop_rules(config)
    dropped = sorted(funnel.fates.dropped.items(), key=lambda entry: -entry[1].documents)
    met = [reason for reason, amount in dropped if amount.documents]
    stored = run.read_json("run.json") if run.exists("run.json") else {}
    histograms = read_histograms(con, config, funnel.fates.total.documents)
    content = {
        "name": "/".join(without_logins(run.url).rstrip("/").rsplit("/", 2)[-2:]),
        "state": stored.get("state", {"is": "planned"}),
        "versions": stored.get("versions", {}),
        "inputs": [] if plan is None else count_inputs(plan, config, con),
        "not_read": [] if plan is None else files_not_read(plan, config),
        "quarantine": read_quarantine(con),
        "funnel": funnel,
        "mismatches": funnel.mismatches(),
        "manifest": read_manifest(run),
        "conditions": {name: " ".join(text.split()) for name, text in config.conditions().items()},
        "met": met,
        "unmet": [reason for reason in rules if reason not in met],
        "hues": {
            **dict.fromkeys(rules, _OTHER_HUE),
            **{reason: hue for hue, reason in enumerate(met[:_OTHER_HUE])},
        },
        "rules": count_rules(con, config, funnel.fates),
        "breakdowns": {
            column: fates_by(con, config, column, _SHOWN_VALUES)
            for column in ("bucket", "source", "language")
        },
        "shares_of": {column: dropped_by(con, column, _SHARES_OF_A_RULE) for column in ("bucket", "source")},
        "histograms": [(histogram, draw(histogram)) for histogram in histograms],
        "duplicates": read_near_duplicates(con, groups, texts),
        "dedup": config.dedup,
        "examples": make_examples(examples, texts),
        "generation": _generation(con, rules),
        "repeated_ids": _repeated_ids(con),
        "decontaminate": config.decontaminate,
        "contamination": read_contamination(con),
        "decontamination_page": DECONTAMINATION.rsplit("/", 1)[-1] if run.exists(DECONTAMINATION) else None,
        "privacy": read_privacy(con),
        "costs": read_costs(con),
        "questions": further_questions(config.run, met[0] if met else None),
        "config": without_logins(
            yaml.safe_dump(
                config.model_dump(mode="json", exclude_defaults=True), sort_keys=False, allow_unicode=True
            )
        ),
    }
    return {**content, "contents": _contents(content)}


def _read_once(con: duckdb.DuckDBPyConnection) -> None:
    """Put tables in the place of the views `receipts` and `selection`, with the columns that more than one
    section needs: their files are read and joined once."""
    con.execute("CREATE TEMP TABLE receipts AS SELECT * FROM receipts")
    con.execute(f"CREATE TEMP TABLE selection AS SELECT {_SHARED_COLUMNS} FROM selection")


def _contents(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Anchor and title of every section that the page has."""
    fates = content["funnel"].fates
    sections = [
        ("inputs", "What went in", content["inputs"]),
        ("funnel", "Funnel", True),
        ("before-and-after", "Before and after", True),
        ("scores", "Scores and thresholds", content["histograms"]),
        ("near-duplicates", "Near-duplicates", content["duplicates"]),
        ("decontamination", "Decontamination", content["decontaminate"]),
        ("privacy", "Personal data", content["privacy"]),
        ("mixture", "Mixture", content["manifest"]),
        ("generation", "Generation", content["generation"]),
        ("dropped", "Dropped, to read", content["met"]),
        ("kept", "Kept, to read", fates.total_kept.documents),
        ("time", "Time and memory", content["costs"]),
        ("more", "Config, versions and further questions", True),
    ]
    return [(anchor, title) for anchor, title, is_there in sections if is_there]


def _repeated_ids(con: duckdb.DuckDBPyConnection) -> int:
    """Documents whose id an earlier one has. Grouped, so that what does not fit into memory goes to disk."""
    return con.execute(
        "SELECT coalesce(sum(documents - 1), 0)::BIGINT "
        "FROM (SELECT count(*) AS documents FROM documents GROUP BY hash(id))"
    ).fetchall()[0][0]


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

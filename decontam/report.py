"""The contamination report: clean against what, by which rule, and which benchmark items are affected."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import jinja2
import pyarrow as pa

from decontam.allowlist import Allowlist
from decontam.controls import Control
from decontam.index import BY_LONG, BY_SHORT, NOT_CHECKABLE, BenchmarkIndex
from decontam.marking import mark_shared
from decontam.registry import Registry
from decontam.summary import FEW_7GRAMS, Example, Summary
from textkernels.words import NORMALISER

REPORT_VERSION = 1

SOURCES = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),
    ]
)

_SHOWN_ITEMS = 12
_SHOWN_IDS = 300
_SHOWN_SOURCES = 100


@dataclass(frozen=True)
class Report:
    """One report in three forms.

    html: a page by itself, without scripts; json: all that it is made of; items: a row a benchmark
    item, with the schema `summary.FOUND_ITEMS`.
    """

    html: str
    json: str
    items: pa.Table


def make_report(
    registry: Registry,
    allowed: Allowlist,
    index: BenchmarkIndex,
    controls: Sequence[Control],
    summary: Summary,
    sources: pa.Table,
    info_threshold: float,
    contaminated_threshold: float,
) -> Report:
    """Put the report together; the same arguments give the same report.

    sources: documents by source and verdict, with the schema SOURCES.
    """
    facts = {
        "version": REPORT_VERSION,
        "documents": summary.verdicts,
        "against": {
            "registry": registry.fingerprint,
            "index": index.fingerprint,
            "normaliser": NORMALISER,
            "benchmarks": len(registry.counts()),
            "items": registry.items.num_rows,
        },
        "thresholds": {"info": info_threshold, "contaminated": contaminated_threshold},
        "allowlist": {
            "phrases": allowed.phrases,
            "short_phrases": allowed.short_phrases,
            "grams": allowed.grams.size,
            "fingerprint": allowed.fingerprint,
        },
        "controls": [asdict(control) | {"failed": control.failed} for control in controls],
        "decided": summary.decided,
        "decided_by_few": {"shared_7grams": FEW_7GRAMS, **summary.by_few},
        "sources": _by_source(sources),
        "benchmarks": _by_benchmark(summary),
        "found_items": _found_items(summary),
        "examples": _examples(summary.examples, registry),
    }
    text = json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
    return Report(_render(facts), text, summary.items)


def _by_source(sources: pa.Table) -> list[dict[str, Any]]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: {"clean": 0, "partial": 0, "contaminated": 0})
    for row in sources.select(SOURCES.names).to_pylist():
        counts[row["source"]][row["verdict"]] += row["documents"]
    most_first = sorted(counts, key=lambda s: (-counts[s]["contaminated"], -counts[s]["partial"], s))
    return [
        {
            "source": source,
            **counts[source],
            "affected": sum(counts[source].values()) > counts[source]["clean"],
        }
        for source in most_first
    ]


def _by_benchmark(summary: Summary) -> list[dict[str, Any]]:
    """Items of each benchmark by what can find them and what did, and documents that they decided."""
    names = (
        "items",
        BY_LONG,
        BY_SHORT,
        NOT_CHECKABLE,
        "allowed_13grams",
        "found_by_13gram",
        "found_by_7gram",
    )
    counts: dict[str, dict[str, int]] = defaultdict(
        lambda: dict.fromkeys((*names, "partial", "contaminated"), 0)
    )
    columns = ("benchmark", "checkable", "allowed_13grams", "documents_by_13gram", "documents_by_7gram")
    for benchmark, checkable, allowed, by_13gram, by_7gram in zip(
        *(summary.items[name].to_pylist() for name in columns), strict=True
    ):
        own = counts[benchmark]
        own["items"] += 1
        own[checkable] += 1
        own["allowed_13grams"] += allowed
        own["found_by_13gram"] += by_13gram > 0
        own["found_by_7gram"] += by_7gram > 0 and by_13gram == 0
    for row in summary.decided:
        if row["benchmark"] is not None:
            counts[row["benchmark"]][row["verdict"]] += row["documents"]
    return [{"benchmark": benchmark, **own} for benchmark, own in counts.items()]


def _found_items(summary: Summary) -> dict[str, dict[str, list[str]]]:
    """By benchmark the items found by a 13-gram, and those found by 7-grams alone."""
    found: dict[str, dict[str, list[str]]] = {}
    columns = ("benchmark", "item_id", "documents_by_13gram", "documents_by_7gram")
    for benchmark, item_id, by_13gram, by_7gram in zip(
        *(summary.items[name].to_pylist() for name in columns), strict=True
    ):
        if by_13gram or by_7gram:
            own = found.setdefault(benchmark, {"13-gram": [], "7-gram": []})
            own["13-gram" if by_13gram else "7-gram"].append(item_id)
    return found


def _examples(examples: Sequence[Example], registry: Registry) -> list[dict[str, Any]]:
    labels = zip(registry.items["benchmark"].to_pylist(), registry.items["item_id"].to_pylist(), strict=True)
    place = {label: number for number, label in enumerate(labels)}
    shown = []
    for example in examples:
        row = example.row
        item = registry.items.slice(place[row["benchmark"], row["item_id"]], 1).to_pylist()[0]
        shown.append(row | {"item": _item_text(item), "items": example.items})
    return shown


def _item_text(item: dict[str, Any]) -> str:
    choices = [f"{letter}. {text}" for letter, text in zip(ascii_uppercase, item["choices"], strict=False)]
    answer = [f"Answer: {item['answer']}"] if item["answer"] else []
    context = [f"Passage: {item['context']}"] if item["context"] else []
    return "\n".join([item["question"], *choices, *answer, *context])


def _render(facts: dict[str, Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = "{:,}".format
    environment.filters["share"] = lambda part, whole: f"{part / whole:.2%}" if whole else "–"
    by_benchmark: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for example in facts["examples"]:
        pieces = mark_shared(example["item"], example["segment"])
        by_benchmark[example["benchmark"]].append(example | {"pieces": pieces})
    return environment.get_template("report.html.j2").render(
        **facts | {"examples": dict(by_benchmark)},
        shown_items=_SHOWN_ITEMS,
        shown_ids=_SHOWN_IDS,
        shown_sources=_SHOWN_SOURCES,
    )

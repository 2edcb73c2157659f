"""The report says clean against what, and lets no document's text act."""

import dataclasses
import json
from html.parser import HTMLParser

import pyarrow as pa
import pytest

from decontam.allowlist import load_allowlist
from decontam.controls import run_controls
from decontam.index import build_index
from decontam.report import SOURCES, Report, make_report
from decontam.summary import summarise
from tests.decontam.conftest import check_texts, item

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> </blockquote></body> {{ 7 * 7 }} {% raw %} & done"
)
ITEMS = [
    item("quiz", "<b>1</b>", HOSTILE, answer="<i>so</i>"),
    item("quiz", "2", "what is the name of this thing", choices=["a<u>", "b"]),
    item("quiz", "3", "Short?"),
    item("tiny", "1", "Short?"),
]
TEXTS = [HOSTILE, "Well, what is the name of this thing?", "clean"]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def make(registry_of):
    def make(break_controls: bool = False) -> Report:
        registry, allowed = registry_of(*ITEMS), load_allowlist()
        index = build_index(registry, allowed)
        summary = summarise(index, *([table] for table in check_texts(TEXTS, index)))
        rows = [("web <b>", "contaminated", 2), ("books", "clean", 1)]
        sources = pa.Table.from_pylist([dict(zip(SOURCES.names, row, strict=True)) for row in rows], SOURCES)
        controls = run_controls(index, registry, allowed)
        if break_controls:
            controls = [dataclasses.replace(control, found=None) for control in controls]
        return make_report(registry, allowed, index, controls, summary, sources, 0.2, 0.5)

    return make


def test_hostile_text_stays_text(make):
    page = Tags()
    page.feed(make().html)
    tags = {tag for tag, _ in page.found}
    assert not tags & {"script", "img", "b", "i", "u", "iframe", "link"}
    assert not any(name.startswith("on") for _, attributes in page.found for name in attributes)
    for text in ("<script>alert(1)</script>", "{{ 7 * 7 }}", "<b>1</b>", "Answer: <i>so</i>", "web <b>"):
        assert text in page.text


def test_the_page_loads_nothing(make):
    html = make().html
    assert "default-src 'none'" in html
    assert "http://" not in html and "https://" not in html and "url(" not in html


def test_json_says_against_what_and_what_was_found(make):
    report = json.loads(make().json)
    assert report["documents"] == {"clean": 1, "partial": 0, "contaminated": 2}
    assert report["thresholds"] == {"info": 0.2, "contaminated": 0.5}
    assert report["against"]["items"] == 4 and report["against"]["benchmarks"] == 2
    assert (report["allowlist"]["grams"], report["allowlist"]["short_phrases"]) == (4, 1)
    assert report["found_items"] == {"quiz": {"13-gram": ["<b>1</b>"], "7-gram": ["2"]}}
    quiz, tiny = report["benchmarks"]
    assert (quiz["items"], quiz["13-gram"], quiz["7-gram"], quiz["none"]) == (3, 1, 1, 1)
    assert (quiz["found_by_13gram"], quiz["found_by_7gram"], quiz["contaminated"]) == (1, 1, 2)
    assert (tiny["items"], tiny["none"], tiny["contaminated"]) == (1, 1, 0)
    assert [source["source"] for source in report["sources"]] == ["web <b>", "books"]


def test_the_item_stands_beside_the_document_with_what_they_share_marked(make):
    html = make().html
    assert "<mark>what is the name of this thing</mark>\nA. a&lt;u&gt;\nB. b" in html
    assert "what is the name of this thing</blockquote>" in html


def test_controls_that_failed_are_named(make):
    assert "All 1 controls passed" in make().html
    html = make(break_controls=True).html
    assert "1 of 1 controls failed" in html and "no checkable item" in html


def test_the_same_run_gives_the_same_report(make):
    assert make() == make()

"""The report's numbers add up, and no text of a document, a file or the config becomes markup."""

from html.parser import HTMLParser

import pytest

from pipelines.inspection.report import write_report
from schemas.config import parse_config
from schemas.documents import DOCUMENT
from schemas.signals import CONTAMINATION, QUALITY

from .conftest import CODE, HOSTILE, PARTS, add_facts, rows

VISIBLE = HOSTILE.replace("\x00", "\\x00").replace("\x1b", "\\x1b").replace("\u202e", "\\u{202e}")
NAMED = HOSTILE.replace("\x00", "")
INERT = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "h3",
        "p",
        "nav",
        "a",
        "dl",
        "div",
        "dt",
        "dd",
    ),
    *(
        "table",
        "tbody",
        "tr",
        "th",
        "td",
        "span",
        "i",
        "wbr",
        "article",
        "header",
        "blockquote",
        "bdi",
        "code",
    ),
    *("del", "ins", "details", "summary"),
}


class Page(HTMLParser):
    """Tags, attributes and text of a page, and its tables as lists of rows."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.quotes: list[str] = []
        self.tables: list[list[list[str]]] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= set(attributes)
        if tag not in ("meta", "wbr"):
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "blockquote":
            self.quotes.append("")

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "blockquote" in self._open:
            self.quotes[-1] += data
        elif "td" in self._open or "th" in self._open:
            self.tables[-1][-1][-1] += data


def page(run, config) -> Page:
    write_report(run, config)
    return Page(run.read_bytes("report/index.html").decode())


def number(cell: str) -> int:
    return int(cell.replace(",", "") or 0)


def steps(funnel: list[list[str]], column: int, start: str) -> int:
    return sum(number(row[column]) for row in funnel if row[0].strip().startswith(start))


def test_the_funnel_adds_up(finished_run, config):
    funnel = page(finished_run, config).tables[0]
    count = lambda start: steps(funnel, 1, start)  # noqa: E731
    assert count("records read") == 11
    assert count("records read") == count("quarantined: ") + count("left out") + count("documents")
    assert count("documents") == count("dropped: ") + count("kept: ") == 9
    assert count("kept: ") == 4 == number(next(row for row in funnel if row[0].strip() == "kept")[1])
    assert steps(funnel, 2, "documents") == steps(funnel, 2, "dropped: ") + steps(funnel, 2, "kept: ") == 97
    assert steps(funnel, 2, "tokens in shards") == steps(funnel, 2, "in shards: ") == 64


def test_the_tables_by_bucket_and_source_hold_every_document(finished_run, config):
    for table in page(finished_run, config).tables[1:3]:
        head, *body = table
        documents, kept = head.index("documents"), head.index("kept")
        assert sum(number(row[documents]) for row in body) == 9
        assert sum(number(row[kept]) for row in body) == 4
        for row in body:
            dropped = sum(number(cell) for cell in row[head.index("tokens kept") + 1 :])
            assert number(row[documents]) == number(row[kept]) + dropped


def test_documents_of_every_fate_are_there_to_read(finished_run, config):
    quotes = page(finished_run, config).quotes
    for part in PARTS.values():
        for _, id, text, *_ in part:
            shown = text.replace(HOSTILE, VISIBLE)
            assert any(shown in quote for quote in quotes), id


def test_hostile_text_stays_text_wherever_it_stands(ingested_run):
    add_facts(ingested_run)
    doc = (2 << 32) + 1
    document = (doc, HOSTILE, HOSTILE, HOSTILE, HOSTILE, None, "web", HOSTILE, None, b"0" * 16, [], [])
    verdict = (doc, HOSTILE, "contaminated", "7-gram", 0.5, HOSTILE, HOSTILE, HOSTILE, 0, 9)
    part = "part-000002-000.parquet"
    ingested_run.write_parquet(f"documents/{part}", DOCUMENT, rows(DOCUMENT, [document]))
    ingested_run.write_parquet(f"signals/quality/{part}", QUALITY, rows(QUALITY, [(doc, HOSTILE, 9, 9, 9)]))
    ingested_run.write_parquet(f"signals/contamination/{part}", CONTAMINATION, rows(CONTAMINATION, [verdict]))
    config = parse_config(
        {
            "run": ingested_run.url,
            "inputs": [{"path": "x", "bucket": "web", "source": HOSTILE}],
            "decontaminate": {"benchmarks": [HOSTILE]},
            "filters": {NAMED: "n_words > 3 -- </code><script>"},
            "mixture": {"tokens": 64, "sequence_length": 16, "components": {NAMED: {"share": 1.0}}},
        }
    )
    shown = page(ingested_run, config)
    assert shown.tags <= INERT
    assert {name for name, _ in shown.attributes if name.startswith("on")} == set()
    assert all(value.startswith("#") for name, value in shown.attributes if name in ("href", "src"))
    assert any(VISIBLE in quote for quote in shown.quotes)
    raw = ingested_run.read_bytes("report/index.html").decode()
    assert not any(char in raw for char in "\x00\x1b\u202e")


def test_the_page_needs_nothing_but_itself(finished_run, config):
    shown = page(finished_run, config)
    assert shown.tags.isdisjoint({"script", "link", "img", "iframe", "object"})
    raw = finished_run.read_bytes("report/index.html").decode()
    assert "url(" not in raw and "@import" not in raw and "://" not in raw
    assert "default-src 'none'" in raw


def test_the_decontamination_page_is_linked_where_there_is_one(finished_run, config):
    assert ("href", "decontamination.html") not in page(finished_run, config).attributes
    finished_run.write_bytes("report/decontamination.html", b"<p>")
    assert ("href", "decontamination.html") in page(finished_run, config).attributes


def test_the_mixture_is_that_of_the_manifest(finished_run, config):
    table = next(table for table in page(finished_run, config).tables if table[0][0] == "component")
    head, web, code = table
    assert head[1:3] == ["share asked", "share realised"]
    assert [web[0], web[-3], web[-1]] == ["web", "1.78", "32"]
    assert [code[0], code[-3], code[-1]] == ["code", "0.74", "32"]


@pytest.mark.parametrize("stage", ["empty_run", "ingested_run"])
def test_there_is_a_report_before_every_stage_has_run(request, config, stage):
    assert page(request.getfixturevalue(stage), config).tables


def test_sums_that_do_not_add_up_are_said_so(ingested_run, config):
    ingested_run.remove("documents/part-000001-000.parquet")
    write_report(ingested_run, config)
    text = ingested_run.read_bytes("report/index.html").decode()
    assert "the receipts count 9 documents, the files hold 5" in text


def test_the_report_says_the_same_twice(finished_run, config):
    write_report(finished_run, config)
    first = finished_run.read_bytes("report/index.html")
    write_report(finished_run, config)
    assert finished_run.read_bytes("report/index.html") == first
    assert str(CODE).encode() in first

"""The report's numbers add up, and no text of a document, a file or the config becomes markup."""

import re

import pyarrow as pa
import pytest

from pipelines.inspection.report import write_report
from pipelines.storage.parts import document_file, part_name, signal_file
from schemas.config import parse_config
from schemas.documents import DOCUMENT
from schemas.plan import WHY_PASSED_OVER, PassedOver, Plan
from schemas.signals import CONTAMINATION, DUPLICATES, QUALITY, SPANS

from .conftest import CODE, HOSTILE, PARTS, add_facts, rows
from .report_page import TAGS, VISIBLE, Page, number, report_of

NAMED = HOSTILE.replace("\x00", "")
FUNNEL = "From records to tokens in shards"


def steps(page: Page, column: int, start: str) -> int:
    return sum(number(row[column]) for row in page.tables[FUNNEL] if row[0].startswith(start))


def test_the_funnel_adds_up(finished_run, config):
    page = report_of(finished_run, config)
    count = lambda start: steps(page, 1, start)  # noqa: E731
    assert count("records read") == 11
    assert count("records read") == count("quarantined: ") + count("left out") + count("documents")
    assert count("documents") == count("dropped: ") + count("kept: ") == 9
    assert count("kept: ") == 4 == number(next(row for row in page.tables[FUNNEL] if row[0] == "kept")[1])
    assert steps(page, 3, "documents") == steps(page, 3, "dropped: ") + steps(page, 3, "kept: ") == 97
    assert steps(page, 3, "tokens in shards") == 64


@pytest.mark.parametrize("column", ["bucket", "source"])
def test_the_tables_by_bucket_and_source_hold_every_document_and_token(finished_run, config, column):
    head, *body, total = report_of(finished_run, config).tables[f"Documents and tokens by {column}"]
    assert head[2:8] == ["documents", "kept", "%", "tokens", "kept", "%"]
    assert total[0] == "all"
    for place, whole in ((2, 9), (3, 4), (5, 97), (6, 57)):
        assert sum(number(row[place]) for row in body) == number(total[place]) == whole


def test_languages_are_shown_where_some_are_known(finished_run, config):
    caption = "Documents and tokens by language"
    assert caption not in report_of(finished_run, config).tables
    speaking = (2 << 32, "x", "ein Text", "crawl", None, "de", "web", None, None, b"1" * 16, [], [])
    finished_run.write_parquet(document_file(part_name(2, 0)), DOCUMENT, rows(DOCUMENT, [speaking]))
    languages = {row[0]: number(row[2]) for row in report_of(finished_run, config).tables[caption][1:]}
    assert (languages["de"], languages["not known"]) == (1, 9)


def test_inputs_are_counted_one_by_one(finished_run, config):
    head, *body = report_of(finished_run, config).tables["Inputs as the config names them"]
    place = {
        name: head.index(name)
        for name in ("files", "records", "quarantined", "left out by sample", "documents")
    }
    found = {row[0]: [number(row[k]) for k in place.values()] for row in body}
    assert found == {
        "data/a.jsonl": [1, 6, 1, 0, 5],
        "data/b.parquet": [1, 5, 0, 1, 4],
        "all inputs": [2, 11, 1, 1, 9],
    }


def test_files_that_were_not_read_are_named_with_the_reason(finished_run, config):
    caption = "Files that inputs lead to and that were passed over"
    assert caption not in report_of(finished_run, config).tables
    plan = Plan.model_validate_json(finished_run.read_bytes("plan.json"))
    passed = PassedOver(input=1, why="hidden", count=1_200, paths=("data/.git/a", "data/.git/b"))
    finished_run.write_bytes(
        "plan.json", plan.model_copy(update={"passed_over": (passed,)}).model_dump_json().encode()
    )
    _, row = report_of(finished_run, config).tables[caption]
    assert row[0] == "data/b.parquet"
    assert row[1] == WHY_PASSED_OVER["hidden"]
    assert number(row[2]) == 1_200
    assert row[3] == "data/.git/a,data/.git/b"


def test_documents_of_every_fate_are_there_to_read(finished_run, config):
    page = report_of(finished_run, config)
    for part in PARTS.values():
        for _, id, text, *_ in part:
            shown = text.replace(HOSTILE, VISIBLE)
            assert id == "a-1" or any(shown in quote for quote in page.quotes), id
    assert "leaps" in page.inserted
    assert "jumps" in page.deleted


def test_a_blocked_document_stands_with_the_entry_that_blocks_it(finished_run, config):
    blocked = parse_config({**config.model_dump(exclude_unset=True), "block": ["domains.txt"]})
    assert "its URL meets" not in report_of(finished_run, blocked).text
    part, documents = next(iter(PARTS.items()))
    entry = {"blocked_by": "bad.example"}
    facts = [
        {"doc": doc, "id": id, "n_tokens": n, "n_words": 5, "n_bytes": 9, **(entry if id == "a-0" else {})}
        for doc, id, *_, n in documents
    ]
    batch = pa.RecordBatch.from_pylist(facts, schema=QUALITY)
    finished_run.write_parquet(signal_file("quality", part), QUALITY, [batch])
    assert "its URL meets <bdi>bad.example</bdi>" in report_of(finished_run, blocked).text


def test_hostile_text_stays_text_wherever_it_stands(ingested_run):
    add_facts(ingested_run)
    docs = [(2 << 32) + k for k in range(3)]
    documents = [
        (doc, HOSTILE, f"{HOSTILE} {doc}", HOSTILE, HOSTILE, HOSTILE, "web", HOSTILE, None, b"0" * 16, [], [])
        for doc in docs
    ]
    verdict = (HOSTILE, "contaminated", "7-gram", 0.5, HOSTILE, HOSTILE, HOSTILE, 0, 9)
    clean = (HOSTILE, "clean", None, 0.0, None, None, None, 0, 0)
    near = (docs[1], docs[1], HOSTILE, 0.9, True)
    far = (None, None, None, None, False)
    part = part_name(2, 0)
    ingested_run.write_parquet(document_file(part), DOCUMENT, rows(DOCUMENT, documents))
    facts = [(doc, HOSTILE, 9 + doc, 9, 9) for doc in docs]
    ingested_run.write_parquet(signal_file("quality", part), QUALITY, rows(QUALITY, facts))
    duplicates = [(doc, HOSTILE, *(near if doc == docs[2] else far)) for doc in docs]
    ingested_run.write_parquet(signal_file("duplicates", part), DUPLICATES, rows(DUPLICATES, duplicates))
    verdicts = [(doc, *(verdict if doc == docs[0] else clean)) for doc in docs]
    ingested_run.write_parquet(
        signal_file("contamination", part), CONTAMINATION, rows(CONTAMINATION, verdicts)
    )
    spans = [(docs[0], HOSTILE, 0, 4, HOSTILE, HOSTILE, HOSTILE)]
    ingested_run.write_parquet(signal_file("spans", part), SPANS, rows(SPANS, spans))
    config = parse_config(
        {
            "run": ingested_run.url,
            "inputs": [{"path": HOSTILE, "bucket": "web", "source": HOSTILE}, {"path": "x", "bucket": "web"}],
            "decontaminate": {"benchmarks": [HOSTILE]},
            "filters": {NAMED: "n_words > 3 -- </code><script>", "b": "length(id || '<svg onload=x>') < 900"},
            "mixture": {"tokens": 64, "sequence_length": 16, "components": {NAMED: {"share": 1.0}}},
        }
    )
    page = report_of(ingested_run, config)
    assert page.tags <= TAGS
    assert {name for _, name, _ in page.attributes if name.startswith("on")} == set()
    assert all(value.startswith("#") for _, name, value in page.attributes if name in ("href", "src"))
    assert any(VISIBLE in quote for quote in page.quotes)
    assert not any(char in page.text for char in "\x00\x1b\u202e")


def test_the_page_needs_nothing_but_itself(finished_run, config):
    page = report_of(finished_run, config)
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert "url(" not in page.text and "@import" not in page.text and "://" not in page.text
    assert "default-src 'none'" in page.text


def test_contents_name_every_section_that_there_is(finished_run, config):
    page = report_of(finished_run, config)
    links = [value for tag, name, value in page.attributes if tag == "a" and name == "href"]
    assert links == [f"#{anchor}" for anchor in page.anchors]
    assert {
        "inputs",
        "funnel",
        "near-duplicates",
        "decontamination",
        "mixture",
        "dropped",
        "kept",
        "time",
    } <= set(page.anchors)


@pytest.mark.parametrize("run", ["empty_run", "ingested_run"])
def test_sections_appear_with_their_data_alone(request, config, run):
    anchors = set(report_of(request.getfixturevalue(run), config).anchors)
    assert anchors.isdisjoint({"near-duplicates", "mixture", "generation", "privacy", "scores"})
    assert ("inputs" in anchors) == (run == "ingested_run") == ("time" in anchors)


def test_personal_data_is_counted_and_never_shown(finished_run, config):
    assert "privacy" not in report_of(finished_run, config).anchors
    spans = [(0, "a-0", 4, 9, "email", "mask", "<EMAIL>"), (0, "a-0", 10, 15, "email", "mask", "<EMAIL>")]
    part = next(iter(PARTS))
    finished_run.write_parquet(signal_file("spans", part), SPANS, rows(SPANS, spans))
    page = report_of(finished_run, config)
    assert "privacy" in page.anchors
    table = next(table for caption, table in page.tables.items() if caption.startswith("Spans of personal"))
    assert table[1] == ["email", "mask", "2", "1", "10"]


def test_the_decontamination_page_is_linked_where_there_is_one(finished_run, config):
    assert "decontamination.html" not in report_of(finished_run, config).values("href")
    finished_run.write_bytes("report/decontamination.html", b"<p>")
    assert "decontamination.html" in report_of(finished_run, config).values("href")


def test_the_mixture_is_that_of_the_manifest(finished_run, config):
    head, web, code = report_of(finished_run, config).tables["Components of the mixture"]
    assert head[2:5] == ["asked", "realised", "tokens"]
    assert [web[0], *web[2:5], web[-2]] == ["web", "50.0%", "50.0%", "32", "1.78"]
    assert [code[0], *code[2:5], code[-2]] == ["code", "50.0%", "50.0%", "32", "0.74"]


def test_every_table_has_a_caption_and_heads_of_rows_and_columns(finished_run, config):
    page = report_of(finished_run, config)
    assert "" not in page.tables
    assert page.text.count("<table") == page.text.count("<caption>") == len(page.tables)
    assert len(re.findall("<th(?! scope)[ >]", page.text)) == 0


def test_the_title_names_the_run_by_its_folder_and_the_one_above(finished_run, config):
    folder = "/".join(finished_run.url.split("/")[-2:])
    assert report_of(finished_run, config).title == f"{folder} – Syllabus run report"


def test_logins_in_urls_are_not_shown(finished_run, config):
    secret = config.model_copy(
        update={
            "inputs": tuple(one.model_copy(update={"path": "s3://me:word@host/x"}) for one in config.inputs)
        }
    )
    text = report_of(finished_run, secret).text
    assert "s3://host/x" in text
    assert "word@" not in text


def test_sums_that_do_not_add_up_are_said_so(ingested_run, config):
    ingested_run.remove("documents/part-000001-000.parquet")
    write_report(ingested_run, config)
    text = ingested_run.read_bytes("report/index.html").decode()
    assert "the receipts count 9 documents, the files hold 5" in text


def test_a_failed_run_is_said_to_be_one(finished_run, config):
    state = {"stage": "mix", "is": "failed", "error": "the disk is full"}
    finished_run.write_json("run.json", {"config": config.model_dump(mode="json"), "state": state})
    assert "The run failed in mix: the disk is full" in report_of(finished_run, config).text


def test_the_report_says_the_same_twice(finished_run, config):
    first = report_of(finished_run, config).text
    assert report_of(finished_run, config).text == first
    assert str(CODE) in first

"""What models wrote stands beside its seed, and what was rejected beside the reason."""

import html

import pytest

from pipelines.inspection.generation_examples import choose_rejected, choose_written
from pipelines.inspection.views import connect

from .generation import FIRST, add_generated, with_generated
from .report_page import TAGS, VISIBLE, number, report_of


@pytest.fixture
def config(config):
    return with_generated(config)


@pytest.fixture
def generated_run(finished_run, config):
    add_generated(finished_run, config)
    return finished_run


def test_written_documents_stand_beside_their_seeds_with_their_fate(generated_run, config):
    with connect(generated_run, config) as con:
        chosen = choose_written(con)
    fates = {one.doc - FIRST: one.drop_reason for one in chosen["rewrites"]}
    assert fates == {0: None, 2: "near_duplicate", 8: "contaminated"}
    assert all(one.seed == f"seed {one.doc - FIRST} {VISIBLE}" for own in chosen.values() for one in own)


def test_a_document_that_begins_with_its_seed_is_shown_from_where_it_goes_on(generated_run, config):
    with connect(generated_run, config) as con:
        (one,) = choose_written(con)["quizzes"]
    assert one.follows_seed
    assert one.text == "Question: who?\n\nAnswer: I"


def test_a_rejected_seed_has_the_last_of_its_answers_or_says_why_there_is_none(generated_run, config):
    with connect(generated_run, config) as con:
        chosen = choose_rejected(con)
    said = {reason: one.answer for (_, reason), one in chosen.items()}
    assert said.keys() == {"short", "http_500", "refusal", "budget", "no_fact"}
    assert said["short"] in ("", "say less")
    assert said["refusal"] == f"I cannot help with {VISIBLE}"
    assert said["http_500"] is said["budget"] is said["no_fact"] is None


def test_the_page_has_the_section_only_where_something_was_generated(finished_run, config):
    assert "generation" not in report_of(finished_run, config).anchors
    add_generated(finished_run, config)
    shown = report_of(finished_run, config)
    assert "#generation" in shown.values("href")
    assert "generation" in shown.anchors


def test_the_table_of_recipes_adds_up_and_gives_every_reason_its_count(generated_run, config):
    head, *body = report_of(generated_run, config).tables["Recipes"]
    for numbers, reasons in zip(body[::2], body[1::2], strict=True):
        count = dict(zip(head, numbers, strict=True))
        dropped = number(count.get("near_duplicate", "")) + number(count.get("contaminated", ""))
        assert number(count["seeds"]) == number(count["rejected"]) + number(count["written"])
        assert number(count["written"]) == dropped + number(count["kept"])
        said = [reason.split("\xa0") for reason in reasons[0].removeprefix("rejected: ").split(" · ")]
        assert sum(number(seeds) for _, seeds in said) == number(count["rejected"])
        assert len(said) == len({reason for reason, _ in said}) > 0


def test_hostile_seeds_answers_and_documents_stay_text(generated_run, config):
    shown = report_of(generated_run, config)
    text = shown.text
    assert shown.tags <= TAGS
    assert {name for _, name, _ in shown.attributes if name.startswith("on")} == set()
    assert not any(char in text for char in "\x00\x1b\u202e")
    quotes = [quote for quote in shown.quotes if VISIBLE in quote]
    assert any(quote.startswith("I cannot help") for quote in quotes)
    assert any(quote.startswith("seed ") for quote in quotes)
    assert "nothing was asked" in text
    assert f"no answer: the server said {VISIBLE}" in html.unescape(text)


def test_a_page_of_a_generation_says_the_same_twice(generated_run, config):
    assert report_of(generated_run, config).text == report_of(generated_run, config).text


def test_the_page_names_what_is_lost(generated_run, config):
    for lost in ("synthetic/seeds.parquet", "documents/part-900000-000.parquet"):
        generated_run.remove(lost)
    text = report_of(generated_run, config).text
    assert "rewrites was given 0 seeds, 5 are accounted for" in text
    assert "quizzes has written 1 documents, 0 are among the documents" in text

"""`explain` walks from a document to its raw file and to its tokens, and says every reason."""

import json

import pytest

from pipelines.errors import RunError
from pipelines.inspection.explain import explain

from .conftest import CODE


def story(run, document: str):
    (found,) = explain(run.url, document).documents
    return found


def test_a_document_is_walked_back_to_its_raw_file(finished_run):
    origin = story(finished_run, "a-3").origin
    assert (origin.file, origin.record, origin.row) == ("data/a.jsonl", 4, 3)
    assert origin.as_text() == "data/a.jsonl, record 4 of bytes 0 to 899"
    assert story(finished_run, "b-3").origin.as_text() == "data/b.parquet, record 4 of row groups 2 to 3"


def test_every_document_of_a_repeated_id_is_shown(finished_run):
    assert [found.doc for found in explain(finished_run.url, "a-0").documents] == [0, CODE + 2]
    assert explain(finished_run.url, "a-0").as_text().startswith("2 documents have this id")


def test_a_doc_number_names_one_document(finished_run):
    assert story(finished_run, str(CODE + 2)).id == "a-0"


def test_a_near_duplicate_names_the_kept_document_and_what_differs(finished_run):
    found = story(finished_run, "a-1")
    assert found.drop_reason == "near_duplicate"
    assert (found.signals["kept_doc"], found.signals["kept_id"], found.signals["similarity"]) == (
        0,
        "a-0",
        0.83,
    )
    assert [change.as_text() for change in found.changes] == [
        "the quick brown fox [-jumps-]{+leaps+} over the lazy dog"
    ]


def test_contamination_comes_with_its_hits_and_all_items_that_hold_them(finished_run):
    found = story(finished_run, "a-3")
    assert found.drop_reason == "contaminated"
    assert [(hit["rule"], hit["segment"], hit["items"]) for hit in found.hits] == [
        ("13-gram", "return the sum of both arguments", ["human-eval/HumanEval/0", "human-eval/HumanEval/9"])
    ]
    assert "human-eval/HumanEval/9" in found.as_text()


def test_all_rules_that_would_drop_it_are_named_and_the_first_decides(finished_run, config):
    filters = {
        "long": "n_words > 100",
        "longer": "n_words > 1000",
        "fine": "n_words > 1",
        "unknown": "url <> ''",
    }
    stored = config.model_copy(update={"filters": filters})
    finished_run.write_json("run.json", {"config": stored.model_dump(mode="json")})
    assert story(finished_run, "a-3").failing == {
        "contaminated": {},
        "long": {"n_words": 9},
        "longer": {"n_words": 9},
    }
    assert story(finished_run, "b-3").failing == {
        "long": {"n_words": 7},
        "longer": {"n_words": 7},
        "no_component": {},
    }
    assert story(finished_run, "b-3").drop_reason == "long"


def test_a_kept_document_is_followed_into_the_shards(finished_run):
    found = story(finished_run, "0")
    assert (found.keep, found.component, found.epochs) == (True, "web", 3)
    placed = [
        (p["file"], p["sequence"], p["offset"], p["epoch"], p["first"], p["last"]) for p in found.pieces
    ]
    assert placed == [
        ("train-00000.parquet", 0, 0, 0, 0, 9),
        ("train-00000.parquet", 1, 6, 1, 0, 9),
        ("train-00000.parquet", 3, 12, 2, 0, 3),
    ]


def test_json_is_one_object_a_line_and_text_has_no_control_characters(finished_run):
    explanation = explain(finished_run.url, "a-0")
    lines = [json.loads(line) for line in explanation.as_json().split("\n")]
    assert [line["doc"] for line in lines] == [0, CODE + 2]
    assert "\\x1b[2J\\u{202e}" in lines[1]["text"]
    assert not any(ord(char) < 32 and char != "\n" for char in explanation.as_text())


@pytest.mark.parametrize("name", ["data/a.jsonl:line 3", "2"])
def test_a_quarantined_record_is_found_by_its_place_and_by_its_number(finished_run, name):
    explanation = explain(finished_run.url, name)
    assert explanation.documents == []
    assert [(r["file"], r["place"], r["reason"]) for r in explanation.quarantined] == [
        ("data/a.jsonl", "line 3", "bad_json")
    ]
    assert json.loads(explanation.as_json())["reason"] == "bad_json"
    assert "\x00" not in explanation.as_text()


def test_a_record_left_out_by_sampling_is_told_from_one_that_never_was(finished_run):
    with pytest.raises(RunError, match=r"record 2 of row groups 2 to 3 was left out by `sample`"):
        explain(finished_run.url, str(CODE + 1))


def test_an_unknown_id_names_the_nearest_ones(finished_run):
    with pytest.raises(RunError, match=r"no document b-9; the nearest ids are b-0, b-3, b-4"):
        explain(finished_run.url, "b-9")


def test_before_the_facts_are_made_the_story_ends_earlier(ingested_run):
    found = story(ingested_run, "b-0")
    assert found.keep
    assert found.pieces == []
    assert "not made yet" in found.as_text()


def test_where_there_is_no_run_the_error_says_so(tmp_path):
    with pytest.raises(RunError, match=r"is no run: it has no run\.json"):
        explain(str(tmp_path), "a")

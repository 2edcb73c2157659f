"""Runs after ingest and facts, laid out by hand, and documents with planted near-duplicates."""

import random
import re

import numpy as np
import pyarrow as pa

from pipelines.dedup import band_partitions, band_rows, dedup_phases
from pipelines.exchange import write_partitions
from pipelines.runner import Engine, run_waves
from pipelines.storage.parts import document_file, list_parts, part_name, read_signal, signal_file
from pipelines.storage.receipts import commit_receipt
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Dedup, parse_config
from schemas.documents import DOCUMENT, ROW_BITS
from schemas.plan import Plan, Split
from schemas.receipts import Receipt
from schemas.signals import QUALITY
from textkernels.content import content_hashes
from textkernels.words import word_hashes

ROW_GROUP = 64  # documents
WORDS = [
    "".join(letters)
    for letters in np.random.default_rng(0).choice(list("abcdefghijklmnopqrstuvwxyz"), (3000, 6)).tolist()
]


def quiet(stage, done, total):
    pass


def config_of(**dedup):
    return parse_config({"run": "r", "inputs": [{"path": "x", "bucket": "web"}], "dedup": dedup})


def lay_out(url, batches):
    """A run after ingest and facts. batches: a list of parts each, of (id, source, text) documents; a
    part is a split of its own."""
    run = RunDirectory(url)
    splits, parts = [], [(batch, part) for batch, own in enumerate(batches) for part in own]
    total = sum(len(documents) for _, documents in parts)
    for split, (batch, documents) in enumerate(parts):
        splits.append(Split(split=split, batch=batch, bytes=0, pieces=()))
        name = part_name(split, 0)
        table = documents_table(split, documents)
        groups = [table.slice(start, ROW_GROUP) for start in range(0, table.num_rows, ROW_GROUP)]
        run.write_parquet(document_file(name), DOCUMENT, groups)
        write_facts(run, name, table, total)
        size = sum(len(text.encode()) for _, _, text in documents)
        commit_receipt(
            run,
            Receipt(
                stage="ingest",
                task=f"split-{split:06d}",
                fingerprint="f",
                files=[],
                counts={"documents": len(documents)},
                details={"parts": [{"name": name, "rows": len(documents), "text_bytes": size}]},
            ),
        )
    run.write_bytes("plan.json", Plan(files=(), splits=tuple(splits)).model_dump_json().encode())
    return run


def documents_table(split, documents):
    text = pa.array([text for _, _, text in documents], pa.string())
    n = len(documents)
    columns = {
        "doc": np.arange(n) + (split << ROW_BITS),
        "id": [name for name, _, _ in documents],
        "text": text,
        "source": [source for _, source, _ in documents],
        "bucket": ["web"] * n,
        "content": content_hashes(text),
        "metadata": [[]] * n,
        "parents": [[]] * n,
    }
    return pa.table(
        {field.name: pa.array(columns.get(field.name, [None] * n), field.type) for field in DOCUMENT},
        schema=DOCUMENT,
    )


def write_facts(run, part, table, total):
    hashes, offsets = word_hashes(table["text"])
    n = table.num_rows
    quality = {"n_tokens": [0] * n, "n_words": np.diff(offsets), "n_bytes": [0] * n}
    nulls = {field.name: pa.nulls(n, field.type) for field in QUALITY}
    columns = nulls | {"doc": table["doc"], "id": table["id"], **quality}
    run.write_parquet(signal_file("quality", part), QUALITY, [pa.table(columns).cast(QUALITY)])
    content = table["content"].combine_chunks()
    rows = band_rows(table["doc"].to_numpy(), hashes, offsets, content, Dedup())
    n_partitions = band_partitions(total, Dedup().bands)
    partitions = ((rows["key"].to_numpy() >> np.uint64(40)) % np.uint64(n_partitions)).astype(np.int64)
    write_partitions(run, "bands", part, rows, partitions, ["key", "doc"])


def dedup(run, workers=1, **keys):
    config = config_of(**keys)
    phases = dedup_phases(run, config, list_parts(run), "facts")
    run_waves(run, [[phase] for phase in phases], Engine(workers), quiet)
    return {
        row["id"]: row for part in list_parts(run) for row in read_signal(run, "duplicates", part).to_pylist()
    }


def found(url, *parts, **keys):
    """Verdicts by id for a run of one batch."""
    return dedup(lay_out(url, [list(parts)]), **keys)


def shingle_set(text):
    words = re.findall("[a-z0-9]+", text.lower())
    return {tuple(words[k : k + 5]) for k in range(max(1, len(words) - 4))} if words else set()


def jaccard(a, b):
    return len(a & b) / max(1, len(a | b))


def edited(text, edits, rng):
    """Replace, drop or put in so many words."""
    words = text.split()
    for _ in range(edits):
        place = rng.randrange(len(words))
        kind = rng.choice(["replace", "drop", "insert"])
        if kind == "replace":
            words[place] = rng.choice(WORDS)
        elif kind == "drop" and len(words) > 1:
            del words[place]
        else:
            words.insert(place, rng.choice(WORDS))
    return " ".join(words)


def planted(n, seed):
    """Documents of 3 to 200 words, and edited copies of most of them; shuffled."""
    rng = random.Random(seed)
    documents = []
    while len(documents) < n:
        text = " ".join(rng.choices(WORDS, k=rng.choice([3, 8, 30, 80, 200])))
        documents.append(text)
        for _ in range(rng.randrange(6)):
            documents.append(edited(text, rng.randrange(8), rng))
    rng.shuffle(documents)
    return [(f"d{k}", "s", text) for k, text in enumerate(documents[:n])]


def filled_in(n, template_words, own_words, seed):
    """Documents that share a template and end in words of their own, as many for each."""
    rng = random.Random(seed)
    template = " ".join(rng.choices(WORDS, k=template_words))
    return [(f"t{k}", "s", f"{template} {' '.join(rng.choices(WORDS, k=own_words))}") for k in range(n)]

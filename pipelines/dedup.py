"""Near-duplicates: documents that share a band meet, and the exact Jaccard similarity decides.

Facts leave the keys in the exchange `bands`; files made with other permutations, shingles or words have
other fingerprints in their receipts, so they do not exist for this config. `dedup_phases` leads from
there to signals/duplicates, and `check_source_loss` is the brake.
"""

import math
from functools import partial

import numpy as np
import pyarrow as pa

from pipelines.deduplication.linking import join, propose
from pipelines.deduplication.verifying import align, decide_partition, gather
from pipelines.errors import RunError
from pipelines.runner import Phase, Task
from pipelines.storage.parts import list_parts, part_name
from pipelines.storage.plan import PLAN
from pipelines.storage.receipts import read_receipts
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config, Dedup, fingerprint
from schemas.documents import ROW_BITS
from schemas.generation import FIRST_GENERATED_SPLIT
from schemas.plan import Plan
from textkernels.minhash import SCHEME, band_keys, signatures
from textkernels.ngrams import shingles
from textkernels.words import NORMALISER

VERSION = 1
BANDS_PARTITION_ROWS = 4_000_000  # 64 MB
DECIDE_PARTITION_TEXT = 32_000_000  # bytes of a partition's text, were every document a candidate
SOURCES_SHOWN = 20
SOURCE_DOCUMENTS = 100  # a smaller source is not judged: a share of it says little


def band_partitions(documents: int, bands: int) -> int:
    """Partitions of the exchange `bands`: one is at most about 64 MB, at 16 bytes a row.

    A power of two, at least 8, so that data that is added seldom has the files of earlier parts remade.
    """
    needed = -(-documents * (bands + 1) // BANDS_PARTITION_ROWS)
    return max(8, 1 << (needed - 1).bit_length())


def band_rows(
    docs: np.ndarray,
    word_hashes: np.ndarray,
    word_offsets: np.ndarray,
    content: pa.FixedSizeBinaryArray,
    dedup: Dedup,
) -> pa.Table:
    """The keys by which documents meet: one a band, and one of the content for exact copies.

    Args:
        docs: int64[n]. word_hashes, word_offsets: of `textkernels.words.word_hashes`.
        content: binary(16)[n], of `textkernels.content.content_hashes`.

    Returns:
        key uint64, doc int64. A document without words has the key of its content alone.
    """
    grams, offsets = shingles(word_hashes, word_offsets, dedup.ngram)
    has_words = np.diff(offsets) > 0
    signed = signatures(grams, offsets, dedup.bands * dedup.rows, dedup.seed)[has_words]
    keys = band_keys(signed, dedup.bands, dedup.rows)
    return pa.table(
        {
            "key": np.concatenate([keys.ravel(), _content_keys(content)]),
            "doc": np.concatenate([np.repeat(docs[has_words], dedup.bands), docs]),
        }
    )


def _content_keys(content: pa.FixedSizeBinaryArray) -> np.ndarray:
    """The first 8 bytes of each content hash, uint64[n]."""
    values = np.frombuffer(content.buffers()[1], "<u8").reshape(-1, 2)
    return values[content.offset : content.offset + len(content), 0]


def dedup_phases(run: RunDirectory, config: Config, parts: dict[str, int], upstream: str) -> list[Phase]:
    """The phases from the exchange `bands` to signals/duplicates: propose, components, gather, decide, duplicates.

    Args:
        parts: name and bytes of text of every part. upstream: fingerprint of what facts make of them.

    Raises:
        RunError: the plan's batches are out of order.
    """
    dedup = config.dedup
    assert dedup is not None
    names = tuple(sorted(parts))
    batch_starts = _batch_starts(run, names)
    documents = sum(receipt.counts["documents"] for receipt in read_receipts(run, "ingest").values())
    keys = [f"keys-{k:05d}" for k in range(band_partitions(documents, dedup.bands))]
    groups = [f"components-{k:05d}" for k in range(max(8, -(-sum(parts.values()) // DECIDE_PARTITION_TEXT)))]
    shape = dedup.model_dump(include={"ngram", "bands", "rows", "seed"})
    started = fingerprint("dedup", VERSION, upstream, shape, SCHEME, NORMALISER, names, batch_starts)
    proposed = fingerprint(started, len(keys))
    joined = fingerprint(proposed, len(groups))
    decided = fingerprint(joined, dedup.threshold, dedup.priority)
    part_tasks = [Task(name, {"part": k}, parts[name]) for k, name in enumerate(names)]
    return [
        Phase("propose", proposed, _numbered(keys), partial(propose, names, batch_starts)),
        Phase(
            "components",
            joined,
            [Task("components")],
            partial(join, names, keys, len(batch_starts), len(groups)),
        ),
        Phase("gather", joined, part_tasks, partial(gather, dedup.ngram)),
        Phase(
            "decide",
            decided,
            _numbered(groups),
            partial(decide_partition, names, batch_starts, dedup.threshold, dedup.priority),
        ),
        Phase("duplicates", decided, part_tasks, partial(align, groups)),
    ]


def _numbered(names: list[str]) -> list[Task]:
    return [Task(name, {"partition": k}) for k, name in enumerate(names)]


def _batch_starts(run: RunDirectory, parts: tuple[str, ...]) -> tuple[int, ...]:
    """The first doc of each batch. Documents are numbered by split, and splits come batch by batch; what was
    generated is the last one."""
    splits = Plan.model_validate_json(run.read_bytes(PLAN)).splits
    starts: dict[int, int] = {}
    for split in sorted(splits, key=lambda split: split.split):
        starts.setdefault(split.batch, split.split << ROW_BITS)
        if split.batch != max(starts):
            raise RunError(f"{run.path('plan.json')}: split {split.split} goes back to batch {split.batch}")
    if part_name(FIRST_GENERATED_SPLIT, 0) in parts:
        starts[len(starts)] = FIRST_GENERATED_SPLIT << ROW_BITS
    return tuple(starts.values())


def check_source_loss(run: RunDirectory, config: Config) -> None:
    """End the run where a source of 100 documents or more loses more than `dedup.max_source_loss` of them.

    Raises RunError with the key that lets the run go on and a table of such sources, worst first.
    """
    assert config.dedup is not None
    most = config.dedup.max_source_loss
    documents: dict[str, int] = {}
    duplicates: dict[str, int] = {}
    receipts = read_receipts(run, "duplicates")
    for part in list_parts(run):
        for source, counts in receipts[part].details["sources"].items():
            documents[source] = documents.get(source, 0) + counts["documents"]
            duplicates[source] = duplicates.get(source, 0) + counts["duplicates"]
    share = {source: duplicates[source] / n for source, n in documents.items() if n >= SOURCE_DOCUMENTS}
    loss = {source: lost for source, lost in share.items() if lost > most}
    if not loss:
        return
    worst = sorted(loss, key=lambda source: (-loss[source], source))
    rows = [
        f"  {loss[source]:7.2%} {duplicates[source]:12,} of {documents[source]:12,}  {source}"
        for source in worst[:SOURCES_SHOWN]
    ]
    if len(worst) > SOURCES_SHOWN:
        rows.append(f"  and {len(worst) - SOURCES_SHOWN} more")
    raise RunError(
        f"near-duplicates are more than {most:.2%} (dedup.max_source_loss) of {len(worst)} of {len(documents)} "
        f"sources; the verdicts are kept in signals/duplicates: look at them, then change the inputs or dedup.priority, "
        f"or set dedup.max_source_loss: {math.ceil(100 * loss[worst[0]]) / 100} to let them go, and run again\n"
        + "\n".join(rows)
    )

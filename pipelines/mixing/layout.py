"""The layout of the shards: what every document gives to the mixture, and where every shard begins."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.errors import RunError
from pipelines.inspection.views import connect
from pipelines.mixing.copies import COPIES, list_copies
from pipelines.mixing.epochs import choose_copies, read_copies, take_stock
from pipelines.mixing.heads import Heads
from pipelines.mixing.mixture import Allotment, Mixture, Supply, allot
from pipelines.storage.parts import document_file, list_parts
from pipelines.storage.receipts import commit_receipt, read_receipt
from pipelines.storage.run_directory import SCRATCH, RunDirectory
from schemas.config import Config
from schemas.receipts import Receipt, WrittenFile

STAGE = "layout"
TASK = "mixture"
MANIFEST = "shards/manifest.json"
HEADS_FILE = "exchange/mixture/heads.parquet"
_MEMORY = "1GB"
# What a file of the tokens exchange holds, about: 4 bytes a token, and the columns of a copy.
_EXCHANGE_FILE_BYTES = 128_000_000
_TOKEN_BYTES = 4
_COPY_BYTES = 64


def copies_file(part: str) -> str:
    return f"exchange/mixture/{part}.parquet"


@dataclass(frozen=True)
class Layout:
    """The plan of the shards, as the tasks that make them need it.

    exchange_files: how many files of the tokens exchange hold a part's copies. shard_tokens: tokens of
    every shard's own copies.
    """

    mixture: Mixture
    exchange_files: dict[str, int]
    shard_tokens: tuple[int, ...]

    @property
    def components(self) -> list[str]:
        return [a.supply.name for a in self.mixture.allotments]

    @property
    def shards(self) -> int:
        return len(self.shard_tokens)

    @cached_property
    def starts(self) -> np.ndarray:
        """int64[shards + 1]: where in the stream of all copies, shard after shard, every shard begins."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(self.shard_tokens, np.int64))])

    def sequences_of(self, shard: int) -> range:
        """The sequences that begin in the shard: they are its own."""
        length = self.mixture.sequence_length
        first, end = (-(-int(start) // length) for start in self.starts[shard : shard + 2])
        return range(first, end)

    def exchange_file_of(self, part: str, shards: np.ndarray) -> np.ndarray:
        """The number of the file of the tokens exchange in which a part's copies for these shards are."""
        return shards * self.exchange_files[part] // self.shards


def read_layout(run: RunDirectory) -> Layout:
    """The layout that stands. Raises RunError where there is none."""
    receipt = read_receipt(run, STAGE, TASK)
    if receipt is None:
        raise RunError(f"{run.url} has no layout of its shards; run the mix stage again")
    details = receipt.details
    allotments = tuple(Allotment(Supply(*supply), tokens) for supply, tokens in details["allotments"])
    mixture = Mixture(details["tokens"], details["sequence_length"], allotments, tuple(details["bound_by"]))
    return Layout(mixture, details["exchange_files"], tuple(details["shard_tokens"]))


def shard_count(config: Config) -> int:
    """Shards of the run: of the config alone, so that more data moves no copy to another shard."""
    assert config.mixture is not None
    total = config.mixture.tokens // config.mixture.sequence_length * config.mixture.sequence_length
    return -(-total // config.mixture.shard_tokens)


def lay_out(run: RunDirectory, config: Config, fingerprint: str) -> None:
    """Divide the budget over the components, and the components' tokens over documents and shards.

    Writes what each part gives (COPIES, in exchange/mixture/) and the heads of the shards, then the
    receipt. Once the mixture is certain and before anything is written, all that was made of another
    layout is removed, the manifest first: a trainer never sees shards of two layouts.

    Memory: DuckDB's 1 GB, what is more spills to disk (about 60 bytes a kept document); the documents of a
    part, 28 bytes each; a million copies; the heads, 40 bytes a copy, of one sequence of tokens a shard.
    Raises MixtureError where the mixture can't be filled.
    """
    assert config.mixture is not None
    components = config.mixture.resolved()
    with (
        _spill_folder(run) as spill,
        connect(
            run, config, memory_limit=_MEMORY, temp_directory=spill, preserve_insertion_order=False
        ) as con,
    ):
        supplies = take_stock(con, components, config.mixture.max_epochs)
        mixture = allot(
            supplies, config.mixture.tokens, config.mixture.sequence_length, config.mixture.on_shortfall
        )
        choose_copies(con, config.seed, components, mixture)
        previous = read_receipt(run, STAGE, TASK)
        if previous is None or previous.fingerprint != fingerprint:
            forget_layout(run)
        layout, files = _write_copies(run, read_copies(con), mixture, config.seed, shard_count(config))
    commit_receipt(
        run,
        Receipt(
            stage=STAGE,
            task=TASK,
            fingerprint=fingerprint,
            files=files,
            counts={"tokens": mixture.tokens, "sequences": mixture.sequences},
            details={
                "tokens": mixture.tokens,
                "sequence_length": mixture.sequence_length,
                "bound_by": mixture.bound_by,
                "allotments": [(tuple(asdict(a.supply).values()), a.tokens) for a in mixture.allotments],
                "exchange_files": layout.exchange_files,
                "shard_tokens": layout.shard_tokens,
            },
        ),
    )


def forget_layout(run: RunDirectory) -> None:
    """Remove the shards and what they were made of: the manifest first, then receipts, then files."""
    run.remove(MANIFEST)
    for stage in ("manifest", "shards", "tokens", STAGE):
        run.remove(f"receipts/{stage}")
    for folder in ("shards", "exchange/pieces", "exchange/tokens", "exchange/mixture"):
        run.remove(folder)


@contextmanager
def _spill_folder(run: RunDirectory) -> Iterator[str]:
    """A folder for what DuckDB spills: in the run's scratch where it is local, else on this machine."""
    scratch = Path(run.path(SCRATCH)) if run.is_local else None
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        yield folder


def _write_copies(
    run: RunDirectory, batches: Iterable[pa.RecordBatch], mixture: Mixture, seed: int, shards: int
) -> tuple[Layout, list[WrittenFile]]:
    parts = list(list_parts(run))
    heads = Heads(shards, mixture.sequence_length - 1)
    shard_tokens = np.zeros(shards, np.int64)
    exchange_files: dict[str, int] = {}
    files = []
    for part, documents in zip(parts, _by_part(batches, _first_docs(run, parts)), strict=True):
        tokens = copies = 0
        for some in list_copies(documents, seed, shards):
            shard_tokens += np.bincount(some.shard, some.length, shards).astype(np.int64)
            heads.add(part, documents, some)
            tokens += int(some.length.sum())
            copies += len(some.length)
        size = _TOKEN_BYTES * tokens + _COPY_BYTES * copies
        exchange_files[part] = min(shards, -(-size // _EXCHANGE_FILE_BYTES))
        files.append(run.write_parquet(copies_file(part), COPIES, [documents]))
    if shard_tokens.sum() != mixture.tokens:
        raise RunError(
            f"the copies have {shard_tokens.sum():,} tokens, the mixture {mixture.tokens:,}; nothing is published"
        )
    files.append(run.write_parquet(HEADS_FILE, heads.table.schema, [heads.table]))
    return Layout(mixture, exchange_files, tuple(shard_tokens.tolist())), files


def _first_docs(run: RunDirectory, parts: list[str]) -> np.ndarray:
    """int64[parts]: the first doc of every part, of an empty one that of the next."""
    first = np.full(len(parts), np.iinfo(np.int64).max)
    for i, part in enumerate(parts):
        with run.parquet(document_file(part)) as file:
            if file.metadata.num_rows:
                first[i] = file.read_row_group(0, columns=["doc"])["doc"][0].as_py()
    return np.minimum.accumulate(first[::-1])[::-1]


def _by_part(batches: Iterable[pa.RecordBatch], first_docs: np.ndarray) -> Iterator[pa.Table]:
    """A table of COPIES for every part, out of batches in the order of doc."""
    part = 0
    gathered: list[pa.RecordBatch] = []
    for batch in batches:
        numbers = np.searchsorted(first_docs, batch["doc"].to_numpy(), side="right") - 1
        present, starts = np.unique(numbers, return_index=True)
        ends = np.append(starts, len(numbers))[1:]
        for number, start, end in zip(present.tolist(), starts.tolist(), ends.tolist(), strict=True):
            while part < number:
                yield _table(gathered)
                gathered = []
                part += 1
            gathered.append(batch.slice(start, end - start))
    while part < len(first_docs):
        yield _table(gathered)
        gathered = []
        part += 1


def _table(batches: list[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches).cast(COPIES) if batches else COPIES.empty_table()

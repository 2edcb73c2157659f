"""Reads a run's shards in PyTorch: exact over ranks and workers, and resumable in the middle of a shard."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Any, TypedDict

import numpy as np
import pyarrow.parquet as pq
from pydantic import ValidationError

from pipelines.errors import RunError, UsageError
from pipelines.storage.run_directory import RunDirectory
from schemas.shards import Manifest, ShardEntry

try:
    import torch
    from torch.utils.data import IterableDataset, get_worker_info
except ImportError as error:
    raise ImportError("pipelines.loader needs PyTorch: pip install 'syllabus[torch]'") from error

MANIFEST = "manifest.json"
_READ_BYTES = 2**24


class TrainingSequence(TypedDict):
    """One training sequence: `input_ids` int64[sequence_length]; `cu_seqlens` int32[documents + 1], from 0
    to sequence_length; `sequence`, its number in the whole run."""

    input_ids: torch.Tensor
    cu_seqlens: torch.Tensor
    sequence: int


class ShardDataset(IterableDataset[TrainingSequence]):
    """One pass over the sequences of a folder of shards, in the order of their numbers.

    Each rank takes one block of consecutive sequences, and each worker of its DataLoader a block of that,
    so a row group is read by as few processes as can be. The shards are shuffled over the whole run already.
    Memory: one row group a worker.

    `state_dict` and `load_state_dict` are those of the stream of one worker, as
    `torchdata.stateful_dataloader.StatefulDataLoader` calls them; a plain DataLoader with worker processes
    does not carry their state. After the same number of steps the state is the same on every rank.

    shards: path or fsspec URL of RUN/shards. rank, world: by default those of torch.distributed where it is
    initialised, else the environment's RANK and WORLD_SIZE, else 0 of 1. drop_last: leave out the last
    (sequences mod world) so that all ranks have equally many and none waits for another; `dropped` says how
    many. verify_sha256: read every shard once, here, and compare it with the manifest.

    Raises RunError where the shards are not those of the manifest, UsageError on unusable arguments.
    """

    def __init__(
        self,
        shards: str | os.PathLike[str],
        *,
        rank: int | None = None,
        world: int | None = None,
        drop_last: bool = True,
        verify_sha256: bool = False,
    ):
        folder = RunDirectory(shards)
        self.shards = folder.url
        self.rank, self.world = _rank_and_world(rank, world)
        self.drop_last = drop_last
        self.manifest, self.checksum = _read_manifest(folder)
        _verify_files(folder, self.manifest.shards, verify_sha256)
        total = self.manifest.sequences
        self.dropped = total % self.world if drop_last else 0
        if total < self.world and drop_last:
            raise UsageError(f"{self.shards}: {total} sequences are too few for {self.world} ranks")
        self._block = _block(0, total - self.dropped, self.rank, self.world)
        self._position = 0
        self._resume: dict[str, Any] | None = None

    def __len__(self) -> int:
        """Sequences of this rank, all its workers together."""
        return len(self._block)

    def __iter__(self) -> Iterator[TrainingSequence]:
        # Not a generator: a resumed position holds for this iterator even if it is never advanced.
        worker, workers = _worker()
        start, self._resume = self._resume, None
        self._position = 0
        if start is not None:
            _refuse_other(start, {"worker": worker, "workers": workers})
            self._position = start["position"]
        block = _block(self._block.start, self._block.stop, worker, workers)
        return self._stream(block[self._position :])

    def state_dict(self) -> dict[str, Any]:
        """Where this worker's stream stands, and what it is a stream of."""
        worker, workers = _worker()
        position = self._position if self._resume is None else self._resume["position"]
        return {**self._identity(), "worker": worker, "workers": workers, "position": position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next iterator go on where the state was taken.

        Raises UsageError where the state is of other shards, or was cut for another number of ranks or
        workers.
        """
        if not {*self._identity(), "worker", "workers", "position"} <= state.keys():
            raise UsageError(f"not a state of a ShardDataset: it has the keys {sorted(state)}")
        _refuse_other(state, self._identity())
        self._resume = dict(state)

    def _identity(self) -> dict[str, Any]:
        return {"manifest": self.checksum, "world": self.world, "drop_last": self.drop_last}

    def _stream(self, block: range) -> Iterator[TrainingSequence]:
        folder = RunDirectory(self.shards)
        for entry in self.manifest.shards:
            wanted = _overlap(block, entry.first_sequence, entry.sequences)
            if not wanted:
                continue
            with folder.parquet(entry.path) as file:
                for item in _read_shard(file, folder.path(entry.path), entry, self.manifest, wanted):
                    self._position += 1
                    yield item


def collate(sequences: list[TrainingSequence]) -> dict[str, torch.Tensor]:
    """A DataLoader's `collate_fn`: B sequences as a batch.

    Returns input_ids int64[B, sequence_length]; cu_seqlens int32, the boundaries in the flattened batch, as
    attention kernels of variable length take them; sequence int64[B].
    """
    input_ids = torch.stack([item["input_ids"] for item in sequences])
    length = input_ids.shape[1]
    starts = [item["cu_seqlens"][:-1] + i * length for i, item in enumerate(sequences)]
    end = torch.tensor([input_ids.numel()], dtype=torch.int32)
    return {
        "input_ids": input_ids,
        "cu_seqlens": torch.cat([*starts, end]),
        "sequence": torch.tensor([item["sequence"] for item in sequences]),
    }


def _rank_and_world(rank: int | None, world: int | None) -> tuple[int, int]:
    if (rank is None) != (world is None):
        raise UsageError("give both rank and world, or neither")
    if rank is None or world is None:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
        else:
            rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if not 0 <= rank < world:
        raise UsageError(f"rank {rank} is not one of {world} ranks")
    return rank, world


def _worker() -> tuple[int, int]:
    info = get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)


def _block(start: int, end: int, part: int, parts: int) -> range:
    """The part-th of `parts` consecutive ranges that divide start..end and differ by at most one."""
    size = end - start
    return range(start + size * part // parts, start + size * (part + 1) // parts)


def _overlap(block: range, first: int, count: int) -> range:
    return range(max(block.start, first), min(block.stop, first + count))


def _refuse_other(state: dict[str, Any], ours: dict[str, Any]) -> None:
    for key, value in ours.items():
        if state[key] != value:
            raise UsageError(
                f"the state was saved with {key} {state[key]}, this dataset has {key} {value}: "
                "go on with the shards and the numbers of ranks and workers that it was saved with"
            )


def _read_manifest(folder: RunDirectory) -> tuple[Manifest, str]:
    path = folder.path(MANIFEST)
    try:
        raw = folder.read_bytes(MANIFEST)
    except FileNotFoundError:
        raise RunError(f"{path} is missing: the folder holds no finished shards (give RUN/shards)") from None
    try:
        manifest = Manifest.model_validate_json(raw)
    except ValidationError as error:
        raise RunError(
            f"{path} is no manifest: {error.errors()[0]['msg']}; run the mix stage again"
        ) from None
    expected = 0
    for entry in manifest.shards:
        if entry.first_sequence != expected:
            raise RunError(f"{path}: {entry.path} begins at {entry.first_sequence}, not at {expected}")
        expected += entry.sequences
    if expected != manifest.sequences:
        raise RunError(f"{path}: its shards hold {expected} sequences, not {manifest.sequences}")
    return manifest, hashlib.sha256(raw).hexdigest()


def _verify_files(folder: RunDirectory, entries: Iterable[ShardEntry], sha256: bool) -> None:
    for entry in entries:
        size = folder.size(entry.path)
        if size != entry.bytes:
            found = "missing" if size is None else f"{size} bytes"
            raise RunError(
                f"{folder.path(entry.path)} is {found}, the manifest says {entry.bytes} bytes: "
                "copy it again, or run the mix stage again"
            )
        if sha256 and _sha256(folder, entry.path) != entry.sha256:
            raise RunError(
                f"{folder.path(entry.path)} has another SHA-256 than the manifest says: "
                "copy it again, or run the mix stage again"
            )


def _sha256(folder: RunDirectory, name: str) -> str:
    digest = hashlib.sha256()
    with folder.fs.open(folder.path(name), "rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _read_shard(
    file: pq.ParquetFile, path: str, entry: ShardEntry, manifest: Manifest, wanted: range
) -> Iterator[TrainingSequence]:
    """Sequences `wanted` of one shard, row group by row group."""
    if file.metadata.num_rows != entry.sequences:
        raise RunError(
            f"{path} holds {file.metadata.num_rows} sequences, the manifest says {entry.sequences}"
        )
    first = entry.first_sequence
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        inside = _overlap(wanted, first, rows)
        if inside:
            table = file.read_row_group(
                group, columns=["sequence", "input_ids", "cu_seqlens"], use_threads=False
            ).combine_chunks()
            batch = table.to_batches()[0]
            numbers = batch["sequence"].to_numpy()
            tokens = batch["input_ids"].flatten().to_numpy()
            bounds = batch["cu_seqlens"].flatten().to_numpy()
            places = batch["cu_seqlens"].offsets.to_numpy()
            length = manifest.sequence_length
            if numbers[0] != first or len(tokens) != rows * length:
                raise RunError(f"{path}: row group {group} is not what the manifest says: verify its SHA-256")
            for number in inside:
                row = number - first
                yield {
                    "input_ids": torch.from_numpy(tokens[row * length : (row + 1) * length].astype(np.int64)),
                    "cu_seqlens": torch.from_numpy(bounds[places[row] : places[row + 1]].copy()),
                    "sequence": number,
                }
        first += rows

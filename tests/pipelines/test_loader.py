"""The loader against shards made by hand; the oracle is the list of rows they were made of."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader  # noqa: E402

from pipelines.errors import RunError, UsageError  # noqa: E402
from pipelines.loader import ShardDataset, _block, collate  # noqa: E402
from schemas.shards import SHARD, Manifest, ShardEntry  # noqa: E402

LENGTH = 8
SHARD_SIZES = (7, 1, 11, 4)
SEQUENCES = sum(SHARD_SIZES)


def _row(number: int) -> dict:
    cuts = sorted({1 + number % (LENGTH - 1), 1 + number * 3 % (LENGTH - 1)}) if number % 4 else []
    return {
        "sequence": number,
        "input_ids": [number * 1000 + i for i in range(LENGTH)],
        "cu_seqlens": [0, *cuts, LENGTH],
    }


def write_shards(folder: Path, sizes: tuple[int, ...] = SHARD_SIZES, seed: int = 0) -> Path:
    folder.mkdir(parents=True)
    entries, first = [], 0
    for k, size in enumerate(sizes):
        path = folder / f"train-{k:05d}.parquet"
        table = pa.Table.from_pylist([_row(first + i) for i in range(size)], schema=SHARD)
        pq.write_table(table, path, row_group_size=3)
        raw = path.read_bytes()
        entries.append(
            ShardEntry(
                path=path.name,
                sha256=hashlib.sha256(raw).hexdigest(),
                bytes=len(raw),
                sequences=size,
                tokens=size * LENGTH,
                first_sequence=first,
                components={"web": size * LENGTH},
            )
        )
        first += size
    manifest = Manifest(
        tokenizer="cl100k_base",
        tokenizer_sha256="0" * 64,
        vocabulary_size=100_277,
        end_of_document=100_257,
        seed=seed,
        sequence_length=LENGTH,
        sequences=first,
        tokens=first * LENGTH,
        bound_by=None,
        components={},
        shards=entries,
        pieces={},
    )
    (folder / "manifest.json").write_text(manifest.model_dump_json())
    return folder


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shards(tmp_path_factory.mktemp("run") / "shards")


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)


def _plain(item: dict) -> dict:
    return {
        "sequence": item["sequence"],
        "input_ids": item["input_ids"].tolist(),
        "cu_seqlens": item["cu_seqlens"].tolist(),
    }


def _numbers(items) -> list[int]:
    return [item["sequence"] for item in items]


def test_yields_every_row_of_the_shards_as_it_was_written(shards: Path) -> None:
    dataset = ShardDataset(shards, verify_sha256=True)
    items = list(dataset)
    assert [_plain(item) for item in items] == [_row(n) for n in range(SEQUENCES)]
    assert {item["input_ids"].dtype for item in items} == {torch.int64}
    assert {item["cu_seqlens"].dtype for item in items} == {torch.int32}
    assert len(dataset) == SEQUENCES
    assert dataset.dropped == 0


def test_a_second_pass_is_the_first_again(shards: Path) -> None:
    dataset = ShardDataset(shards)
    assert _numbers(dataset) == _numbers(dataset) == list(range(SEQUENCES))


def test_a_pass_begun_after_one_broken_off_starts_over(shards: Path) -> None:
    dataset = ShardDataset(shards)
    assert next(iter(dataset))["sequence"] == 0
    assert _numbers(dataset) == list(range(SEQUENCES))


@given(size=st.integers(0, 200), parts=st.integers(1, 17))
def test_blocks_divide_a_range_in_order_and_differ_by_at_most_one(size: int, parts: int) -> None:
    blocks = [_block(5, 5 + size, part, parts) for part in range(parts)]
    assert [n for block in blocks for n in block] == list(range(5, 5 + size))
    assert max(map(len, blocks)) - min(map(len, blocks)) <= 1


@pytest.mark.parametrize("world", [1, 2, 3, 5, SEQUENCES])
def test_ranks_have_equally_many_sequences_each_once(shards: Path, world: int) -> None:
    ranks = [ShardDataset(shards, rank=rank, world=world) for rank in range(world)]
    seen = [_numbers(rank) for rank in ranks]
    assert {len(numbers) for numbers in seen} == {SEQUENCES // world}
    assert [len(rank) for rank in ranks] == [len(numbers) for numbers in seen]
    assert sorted(n for numbers in seen for n in numbers) == list(range(SEQUENCES - SEQUENCES % world))
    assert {rank.dropped for rank in ranks} == {SEQUENCES % world}


@pytest.mark.parametrize("world", [2, 4])
def test_without_drop_last_no_sequence_is_left_out(shards: Path, world: int) -> None:
    ranks = [ShardDataset(shards, rank=rank, world=world, drop_last=False) for rank in range(world)]
    assert sorted(n for rank in ranks for n in _numbers(rank)) == list(range(SEQUENCES))
    assert sum(len(rank) for rank in ranks) == SEQUENCES


def test_more_ranks_than_sequences_are_refused(shards: Path) -> None:
    with pytest.raises(UsageError, match=f"{SEQUENCES} sequences are too few for {SEQUENCES + 1} ranks"):
        ShardDataset(shards, rank=0, world=SEQUENCES + 1)


def test_rank_and_world_come_from_the_environment(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    half = SEQUENCES // 2
    assert _numbers(ShardDataset(shards)) == list(range(half, 2 * half))


def test_rank_and_world_come_from_an_initialised_process_group(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    store = torch.distributed.FileStore(str(tmp_path / "store"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        dataset = ShardDataset(shards)
    finally:
        torch.distributed.destroy_process_group()
    assert (dataset.rank, dataset.world) == (0, 1)


@pytest.mark.parametrize("arguments", [{"rank": 0}, {"world": 2}, {"rank": 2, "world": 2}])
def test_a_rank_without_its_world_or_outside_it_is_refused(shards: Path, arguments: dict) -> None:
    with pytest.raises(UsageError, match="rank"):
        ShardDataset(shards, **arguments)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_share_a_ranks_sequences_each_once(shards: Path, workers: int) -> None:
    dataset = ShardDataset(shards, rank=1, world=2)
    loader = DataLoader(dataset, batch_size=None, num_workers=workers)
    numbers = _numbers(loader)
    assert sorted(numbers) == _numbers(dataset)
    assert numbers == _numbers(loader)


@pytest.mark.parametrize("steps", range(SEQUENCES + 1))
def test_a_state_goes_on_exactly_where_it_was_taken(shards: Path, steps: int) -> None:
    dataset = ShardDataset(shards)
    stream = iter(dataset)
    before = [next(stream)["sequence"] for _ in range(steps)]
    state = json.loads(json.dumps(dataset.state_dict()))
    resumed = ShardDataset(shards)
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    assert before + _numbers(resumed) == list(range(SEQUENCES))
    assert _numbers(resumed) == list(range(SEQUENCES))


def test_ranks_have_the_same_state_after_the_same_number_of_steps(shards: Path) -> None:
    ranks = [ShardDataset(shards, rank=rank, world=2) for rank in range(2)]
    for stream in [iter(rank) for rank in ranks]:
        for _ in range(4):
            next(stream)
    assert ranks[0].state_dict() == ranks[1].state_dict()


def test_a_state_of_other_shards_is_refused_naming_both(shards: Path, tmp_path: Path) -> None:
    ours = ShardDataset(shards)
    other = ShardDataset(write_shards(tmp_path / "shards", seed=1))
    with pytest.raises(UsageError) as refused:
        ours.load_state_dict(other.state_dict())
    assert ours.checksum in str(refused.value)
    assert other.checksum in str(refused.value)


def test_a_state_of_another_world_is_refused_naming_both(shards: Path) -> None:
    state = ShardDataset(shards, rank=0, world=2).state_dict()
    with pytest.raises(UsageError, match="world 2, this dataset has world 3"):
        ShardDataset(shards, rank=0, world=3).load_state_dict(state)


def test_a_state_of_something_else_is_refused(shards: Path) -> None:
    with pytest.raises(UsageError, match="not a state of a ShardDataset"):
        ShardDataset(shards).load_state_dict({"epoch": 3})


def _stateful_loader(shards: Path, workers: int):
    stateful = pytest.importorskip("torchdata.stateful_dataloader")
    return stateful.StatefulDataLoader(
        ShardDataset(shards), batch_size=2, num_workers=workers, collate_fn=collate
    )


def _batches(loader) -> list[list[int]]:
    return [batch["sequence"].tolist() for batch in loader]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_a_stateful_dataloader_resumes_without_repeating_or_skipping(
    shards: Path, workers: int, steps: int
) -> None:
    straight = _batches(_stateful_loader(shards, workers))
    assert sorted(n for batch in straight for n in batch) == list(range(SEQUENCES))

    loader = _stateful_loader(shards, workers)
    stream = iter(loader)
    before = [next(stream)["sequence"].tolist() for _ in range(steps)]
    state = pickle.loads(pickle.dumps(loader.state_dict()))
    resumed = _stateful_loader(shards, workers)
    resumed.load_state_dict(state)
    assert before + _batches(resumed) == straight
    assert _batches(resumed) == straight


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stateful_dataloader_goes_on_to_the_next_epoch_after_a_finished_one(
    shards: Path, workers: int
) -> None:
    loader = _stateful_loader(shards, workers)
    straight = _batches(loader)
    resumed = _stateful_loader(shards, workers)
    resumed.load_state_dict(loader.state_dict())
    assert _batches(resumed) == straight


def test_a_state_of_another_number_of_workers_is_refused_naming_both(shards: Path) -> None:
    loader = _stateful_loader(shards, 2)
    next(iter(loader))
    workers = loader.state_dict()["_snapshot"]["_worker_snapshots"]
    dataset = ShardDataset(shards)
    dataset.load_state_dict(workers["worker_0"]["dataset_state"])
    with pytest.raises(UsageError, match="workers 2, this dataset has workers 1"):
        iter(dataset)


def test_collate_moves_document_boundaries_to_their_place_in_the_batch(shards: Path) -> None:
    rows = [_row(n) for n in (5, 6, 8)]
    batch = next(iter(DataLoader(ShardDataset(shards), batch_size=9, collate_fn=collate)))
    picked = collate([item for item in ShardDataset(shards) if item["sequence"] in (5, 6, 8)])
    assert batch["input_ids"].shape == (9, LENGTH)
    assert picked["input_ids"].tolist() == [row["input_ids"] for row in rows]
    assert picked["sequence"].tolist() == [5, 6, 8]
    starts = [i * LENGTH + cut for i, row in enumerate(rows) for cut in row["cu_seqlens"][:-1]]
    assert picked["cu_seqlens"].tolist() == [*starts, 3 * LENGTH]
    assert picked["cu_seqlens"].dtype == torch.int32


def test_reads_shards_by_url(shards: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(str(shards), "/loader-test/shards", recursive=True)
    try:
        dataset = ShardDataset("memory://loader-test/shards", verify_sha256=True)
        assert _numbers(dataset) == list(range(SEQUENCES))
    finally:
        memory.rm("/loader-test", recursive=True)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"manifest\.json is missing"):
        ShardDataset(tmp_path)


def test_a_manifest_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"version": 1}')
    with pytest.raises(RunError, match="is no manifest"):
        ShardDataset(tmp_path)


def test_a_manifest_with_a_gap_is_refused(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards")
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["shards"][1]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match=r"train-00002\.parquet begins at 8, not at 7"):
        ShardDataset(folder)


def test_a_truncated_or_missing_shard_is_refused(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards")
    shard = folder / "train-00002.parquet"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(RunError, match=r"train-00002\.parquet is \d+ bytes, the manifest says \d+"):
        ShardDataset(folder)
    shard.unlink()
    with pytest.raises(RunError, match=r"train-00002\.parquet is missing"):
        ShardDataset(folder)


def test_a_flipped_byte_is_found_where_the_checksum_is_asked_for(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards")
    shard = folder / "train-00000.parquet"
    raw = bytearray(shard.read_bytes())
    raw[10] ^= 1
    shard.write_bytes(raw)
    with pytest.raises(RunError, match=r"train-00000\.parquet has another SHA-256"):
        ShardDataset(folder, verify_sha256=True)


def test_shards_in_the_wrong_place_are_refused_while_reading(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards", sizes=(3, 3))
    first, second = folder / "train-00000.parquet", folder / "train-00001.parquet"
    manifest = json.loads((folder / "manifest.json").read_text())
    content = first.read_bytes(), second.read_bytes()
    first.write_bytes(content[1])
    second.write_bytes(content[0])
    for entry, raw in zip(manifest["shards"], reversed(content), strict=True):
        entry["bytes"] = len(raw)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match=r"train-00000\.parquet: row group 0 is not what the manifest says"):
        list(ShardDataset(folder))


def test_datasets_reads_the_same_tokens_from_the_same_files(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    files = sorted(map(str, shards.glob("*.parquet")))
    theirs = datasets.load_dataset(
        "parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache")
    )
    ours = [_plain(item) for item in ShardDataset(shards)]
    assert [dict(row) for row in theirs] == ours


def test_without_torch_the_import_names_the_extra() -> None:
    code = "import sys; sys.modules['torch'] = None; import pipelines.loader"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=_path())
    assert ended.returncode == 1
    assert "pip install 'syllabus[torch]'" in ended.stderr


def test_the_loader_does_not_import_beam() -> None:
    code = "import sys, pipelines.loader; sys.exit('apache_beam' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=_path()).returncode == 0


def _path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

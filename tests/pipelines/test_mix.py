"""The mix end to end on runs made by hand, against the stream that plain Python makes of the same documents."""

import itertools
import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.errors import RunError
from pipelines.mix import mix
from pipelines.mixing import copies, epochs, layout, shards
from pipelines.mixing.layout import shard_count
from pipelines.mixing.mixture import MixtureError
from pipelines.runner import Engine
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config
from schemas.documents import ROW_BITS
from schemas.shards import PIECES, SHARD, Manifest

from .mix_runs import (
    END_OF_DOCUMENT,
    REFERENCE,
    SPELLED,
    Document,
    chosen_copies,
    compared_bytes,
    make_config,
    make_documents,
    mix_here,
    stream_order,
    write_run,
)


def read_manifest(run: RunDirectory) -> Manifest:
    return Manifest.model_validate_json(run.read_bytes("shards/manifest.json"))


def read_shards(run: RunDirectory) -> list[dict]:
    rows = []
    for entry in read_manifest(run).shards:
        table = pq.read_table(run.path(f"shards/{entry.path}"))
        assert table.schema.equals(SHARD)
        rows += [{**row, "file": entry.path} for row in table.to_pylist()]
    return rows


def by_bucket(documents: dict[str, list[Document]], names: list[str]) -> dict[str, list[Document]]:
    return {name: [d for rows in documents.values() for d in rows if d.bucket == name] for name in names}


def check_against_oracle(
    run: RunDirectory, config: Config, documents: dict[str, list[Document]], **order: object
) -> None:
    """Shards, pieces and manifest are those that plain Python makes of the documents."""
    manifest = read_manifest(run)
    length = manifest.sequence_length
    members = by_bucket(documents, list(manifest.components))
    allotted = {name: entry.tokens for name, entry in manifest.components.items()}
    stream = stream_order(
        chosen_copies(members, allotted, config.seed, order), config.seed, shard_count(config)
    )
    tokens = [token for _, copy in stream for token in copy.tokens]
    assert len(tokens) == manifest.tokens == manifest.sequences * length
    shard_of_token = [shard for shard, copy in stream for _ in copy.tokens]

    sequences = read_shards(run)
    assert [row["sequence"] for row in sequences] == list(range(manifest.sequences))
    assert [token for row in sequences for token in row["input_ids"]] == tokens
    assert {len(row["input_ids"]) for row in sequences} == {length}
    for row in sequences:
        assert row["file"] == f"train-{shard_of_token[row['sequence'] * length]:05d}.parquet"

    expected = []
    position = 0
    for _, copy in stream:
        taken = 0
        while taken < len(copy.tokens):
            sequence, offset = divmod(position, length)
            some = min(length - offset, len(copy.tokens) - taken)
            expected.append(
                {
                    "shard": shard_of_token[sequence * length],
                    "sequence": sequence,
                    "offset": offset,
                    "doc": copy.doc,
                    "epoch": copy.epoch,
                    "component": copy.component,
                    "first": taken,
                    "last": taken + some - 1,
                }
            )
            taken += some
            position += some
    pieces = pq.read_table(run.path("shards/pieces.parquet"))
    assert pieces.schema.equals(PIECES)
    assert pieces.to_pylist() == expected

    starts = {row["sequence"]: [] for row in sequences}
    for piece in expected:
        starts[piece["sequence"]].append(piece["offset"])
    assert all(row["cu_seqlens"] == [*starts[row["sequence"]], length] for row in sequences)


def test_shards_hold_the_stream_of_copies_to_the_token(tmp_path: Path) -> None:
    documents = make_documents()
    config = make_config(tmp_path)
    run = write_run(tmp_path, documents)
    mixture = mix_here(run, config)
    assert max(a.epochs for a in mixture.allotments) > 2
    assert any(a.partial_tokens for a in mixture.allotments)
    assert len(read_manifest(run).shards) > 3
    check_against_oracle(run, config, documents)


def test_every_piece_decodes_to_its_slice_of_the_document(tmp_path: Path) -> None:
    documents = make_documents(seed=1, count=60)
    documents["part-000000-000"][3] = Document(
        documents["part-000000-000"][3].doc, "web", f"before {SPELLED} after"
    )
    run = write_run(tmp_path, documents)
    mix_here(run, make_config(tmp_path, tokens=6_000, shard_tokens=2_000))
    texts = {d.doc: d.tokens for rows in documents.values() for d in rows}
    sequences = {row["sequence"]: row["input_ids"] for row in read_shards(run)}
    seen = set()
    for piece in pq.read_table(run.path("shards/pieces.parquet")).to_pylist():
        count = piece["last"] - piece["first"] + 1
        held = sequences[piece["sequence"]][piece["offset"] : piece["offset"] + count]
        whole = texts[piece["doc"]]
        assert held == whole[piece["first"] : piece["last"] + 1]
        assert REFERENCE.decode_bytes(held) == REFERENCE.decode_bytes(
            whole[piece["first"] : piece["last"] + 1]
        )
        seen.add(piece["doc"])
    assert documents["part-000000-000"][3].doc in seen


def test_a_text_that_spells_special_tokens_holds_none(tmp_path: Path) -> None:
    documents = {"part-000000-000": [Document(i, "web", SPELLED * 3) for i in range(20)]}
    run = write_run(tmp_path, documents)
    mixture = mix_here(run, make_config(tmp_path, shares={"web": 1.0}, tokens=2_000))
    held = [token for row in read_shards(run) for token in row["input_ids"]]
    ends = sum(token == END_OF_DOCUMENT for token in held)
    pieces = pq.read_table(run.path("shards/pieces.parquet")).to_pylist()
    assert ends == sum(piece["last"] == len(documents["part-000000-000"][0].tokens) - 1 for piece in pieces)
    assert not {token for token in held if token > END_OF_DOCUMENT}
    assert mixture.tokens == len(held)


def test_a_partial_epoch_takes_documents_by_the_order_column(tmp_path: Path) -> None:
    documents = make_documents(seed=2, count=120)
    config = make_config(
        tmp_path,
        tokens=3_000,
        components={
            "synthetic": {"where": "bucket = 'synthetic'", "share": 0.4},
            "web": {"where": "bucket = 'web'", "share": 0.3, "order": "n_bytes"},
            "code": {"where": "bucket = 'code'", "share": 0.3, "max_epochs": 3, "order": "id"},
        },
    )
    run = write_run(tmp_path, documents)
    mix_here(run, config)
    ranks = {
        d.doc: i
        for i, d in enumerate(sorted(itertools.chain(*documents.values()), key=lambda d: f"id-{d.doc}"))
    }
    check_against_oracle(
        run,
        config,
        documents,
        web=lambda d: len(d.text.encode()),
        code=lambda d: ranks[d.doc],
    )


def test_the_manifest_says_what_the_shards_hold(tmp_path: Path) -> None:
    documents = make_documents()
    run = write_run(tmp_path, documents)
    mixture = mix_here(run, make_config(tmp_path, tokens=40_063))
    manifest = read_manifest(run)
    assert (manifest.tokens, manifest.sequences) == (40_000, 625)
    assert manifest.tokenizer == "cl100k_base"
    assert manifest.end_of_document == END_OF_DOCUMENT
    assert manifest.bound_by is None
    assert sum(entry.tokens for entry in manifest.components.values()) == manifest.tokens
    for allotment in mixture.allotments:
        entry = manifest.components[allotment.supply.name]
        mine = by_bucket(documents, [allotment.supply.name])[allotment.supply.name]
        assert entry.unique_documents == len(mine)
        assert entry.unique_tokens == sum(len(d.tokens) for d in mine)
        assert abs(entry.realised_share - entry.share) < 1e-3
        assert sum(shard.components[allotment.supply.name] for shard in manifest.shards) == entry.tokens
    first = 0
    for shard in manifest.shards:
        assert shard.first_sequence == first
        assert shard.tokens == sum(shard.components.values()) == shard.sequences * 64
        assert run.size(f"shards/{shard.path}") == shard.bytes
        first += shard.sequences
    raw = run.read_bytes("shards/manifest.json").decode()
    assert str(tmp_path) not in raw


def test_one_sequence_is_enough(tmp_path: Path) -> None:
    documents = make_documents(count=20, parts=2)
    config = make_config(
        tmp_path, tokens=70, shares={"web": 0.6, "synthetic": 0.4}, shard_tokens=10, sequence_length=64
    )
    run = write_run(tmp_path, documents)
    mixture = mix_here(run, config)
    assert mixture.sequences == 1
    assert len(run.list("shards", ".parquet")) == 2
    check_against_oracle(run, config, documents)


def test_a_document_longer_than_several_shards_is_in_one_piece(tmp_path: Path) -> None:
    documents = make_documents(count=40)
    long = Document((1 << ROW_BITS) + 100_000, "code", "int main() { return 0; }\n" * 700)
    documents["part-000001-000"].append(long)
    config = make_config(tmp_path, tokens=12_000, shard_tokens=900, shares={"code": 0.7, "web": 0.3})
    run = write_run(tmp_path, documents)
    mix_here(run, config)
    assert len(long.tokens) > 3 * 900
    check_against_oracle(run, config, documents)


def test_a_sequence_may_span_many_small_shards(tmp_path: Path) -> None:
    documents = make_documents(count=80)
    config = make_config(tmp_path, tokens=1_024, sequence_length=256, shard_tokens=20)
    run = write_run(tmp_path, documents)
    mix_here(run, config)
    check_against_oracle(run, config, documents)


def test_a_part_of_which_nothing_is_chosen_is_passed_over(tmp_path: Path) -> None:
    documents = make_documents(count=90)
    documents["part-000000-001"] = [Document(d.doc, "acquired", d.text) for d in documents["part-000000-001"]]
    documents["part-000002-000"] = [Document((2 << ROW_BITS) + i, "acquired", "x") for i in range(3)]
    config = make_config(tmp_path, tokens=5_000)
    run = write_run(tmp_path, documents)
    mix_here(run, config)
    check_against_oracle(run, config, documents)


def test_small_batches_and_many_exchange_files_make_the_same_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = make_documents(count=120)
    config = make_config(tmp_path, tokens=12_000, shard_tokens=1_500)
    run = write_run(tmp_path, documents)
    monkeypatch.setattr(layout, "_EXCHANGE_FILE_BYTES", 6_000)
    monkeypatch.setattr(copies, "_COPIES_AT_ONCE", 50)
    monkeypatch.setattr(epochs, "_BATCH_ROWS", 7)
    monkeypatch.setattr(shards, "_ROW_GROUP_BYTES", 1_000)
    monkeypatch.setattr(shards, "_PIECES_AT_ONCE", 10)
    mix_here(run, config)
    assert len(run.list("exchange/tokens")) > 3 * len(documents)
    assert pq.ParquetFile(run.path("shards/train-00000.parquet")).num_row_groups > 3
    check_against_oracle(run, config, documents)


@pytest.mark.slow
def test_two_workers_write_the_bytes_of_one(tmp_path: Path) -> None:
    documents = make_documents()
    runs = []
    for workers in (1, 2):
        run = write_run(tmp_path / str(workers), documents)
        mix_here(run, make_config(tmp_path / str(workers)), workers)
        runs.append(compared_bytes(run))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("seed", range(4))
def test_what_is_lost_is_made_again_with_the_same_bytes(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    config = make_config(tmp_path, tokens=10_000, shard_tokens=2_500)
    run = write_run(tmp_path, make_documents(count=100))
    mix_here(run, config)
    before = compared_bytes(run)
    stages = ("layout", "tokens", "shards", "manifest")
    there = [
        name
        for folder in (
            "shards",
            "exchange/mixture",
            "exchange/tokens",
            "exchange/pieces",
            *(f"receipts/{stage}" for stage in stages),
        )
        for name in run.list(folder)
    ]
    for name in source.sample(there, 3):
        run.remove(name)
    mix_here(run, config)
    assert compared_bytes(run) == before


def test_a_finished_mix_needs_no_exchange(tmp_path: Path) -> None:
    config = make_config(tmp_path, tokens=5_000)
    run = write_run(tmp_path, make_documents(count=60))
    first = mix_here(run, config)
    before = compared_bytes(run)
    run.remove("exchange")
    assert mix_here(run, config) == first
    assert compared_bytes(run) == before
    assert not run.exists("exchange/tokens")
    run.remove("shards/train-00000.parquet")
    mix_here(run, config)
    assert compared_bytes(run) == before


def test_a_new_mixture_leaves_nothing_of_the_old_one(tmp_path: Path) -> None:
    documents = make_documents(count=100)
    run = write_run(tmp_path, documents)
    mix_here(run, make_config(tmp_path, tokens=10_000, shard_tokens=1_000))
    smaller = make_config(tmp_path, tokens=4_000, shard_tokens=2_000)
    mix_here(run, smaller)
    check_against_oracle(run, smaller, documents)
    entries = [f"shards/{shard.path}" for shard in read_manifest(run).shards]
    assert run.list("shards", ".parquet") == ["shards/pieces.parquet", *entries]
    fresh = write_run(tmp_path / "fresh", documents)
    mix_here(fresh, make_config(tmp_path / "fresh", tokens=4_000, shard_tokens=2_000))
    assert compared_bytes(run) == compared_bytes(fresh)


def test_a_mixture_given_up_half_way_leaves_no_trace(tmp_path: Path) -> None:
    documents = make_documents(count=60)
    run = write_run(tmp_path, documents)
    config = make_config(tmp_path, tokens=5_000, shard_tokens=1_000)
    mix_here(run, config)
    before = compared_bytes(run)

    def interrupt(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mix(
            run,
            make_config(tmp_path, seed=8, tokens=5_000, shard_tokens=1_000),
            "upstream",
            Engine(),
            interrupt,
        )
    assert run.list("shards") == []
    mix_here(run, config)
    assert compared_bytes(run) == before


def test_a_mixture_that_cannot_be_filled_leaves_the_old_shards_alone(tmp_path: Path) -> None:
    run = write_run(tmp_path, make_documents(count=60))
    mix_here(run, make_config(tmp_path, tokens=5_000))
    before = compared_bytes(run)
    with pytest.raises(MixtureError, match="synthetic"):
        mix_here(run, make_config(tmp_path, tokens=5_000_000))
    assert compared_bytes(run) == before


def test_shrinking_keeps_the_shares(tmp_path: Path) -> None:
    documents = make_documents(count=60)
    config = make_config(tmp_path, tokens=500_000, max_epochs=1.5, on_shortfall="shrink", shard_tokens=90_000)
    run = write_run(tmp_path, documents)
    mixture = mix_here(run, config)
    assert 0 < mixture.tokens < 500_000
    assert read_manifest(run).bound_by == mixture.bound_by[0]
    check_against_oracle(run, config, documents)


def test_token_counts_of_another_tokenizer_end_the_run(tmp_path: Path) -> None:
    documents = make_documents(count=30)
    run = write_run(tmp_path, documents)
    changed = {
        part: [Document(d.doc, d.bucket, d.text + " and more") for d in rows]
        for part, rows in documents.items()
    }
    write_run(tmp_path / "changed", changed)
    for part in documents:
        raw = (tmp_path / "changed" / "documents" / f"{part}.parquet").read_bytes()
        run.write_bytes(f"documents/{part}.parquet", raw)
    with pytest.raises(RunError, match="another tokenizer"):
        mix_here(run, make_config(tmp_path, tokens=1_000))
    assert not run.exists("shards/manifest.json")


def test_documents_without_token_counts_end_the_run(tmp_path: Path) -> None:
    run = write_run(tmp_path, make_documents(count=30))
    run.remove("signals/quality/part-000001-000.parquet")
    with pytest.raises(RunError, match="no token count"):
        mix_here(run, make_config(tmp_path, tokens=1_000))
    assert run.list("shards") == []


def test_the_seed_changes_the_order_and_not_the_contents(tmp_path: Path) -> None:
    documents = make_documents(count=60)
    streams = []
    for seed in (1, 2):
        run = write_run(tmp_path / str(seed), documents)
        # Whole epochs only, so that the seed has no documents to choose.
        unique = sum(len(d.tokens) for d in by_bucket(documents, ["web"])["web"])
        config = make_config(
            tmp_path / str(seed),
            seed=seed,
            tokens=unique * 8,
            sequence_length=8,
            shares={"web": 1.0},
        )
        mix_here(run, config)
        streams.append([token for row in read_shards(run) for token in row["input_ids"]])
    assert streams[0] != streams[1]
    assert sorted(streams[0]) == sorted(streams[1])


def test_the_receipts_counts_add_up(tmp_path: Path) -> None:
    run = write_run(tmp_path, make_documents(count=60))
    mixture = mix_here(run, make_config(tmp_path, tokens=5_000))

    def total(stage: str, count: str) -> int:
        receipts = [json.loads(run.read_bytes(name)) for name in run.list(f"receipts/{stage}")]
        return sum(receipt["counts"][count] for receipt in receipts)

    assert mixture.tokens == total("tokens", "tokens") == total("shards", "tokens")
    assert mixture.tokens == total("manifest", "tokens")
    assert total("shards", "pieces") == total("manifest", "pieces")

"""The end of a mix: all pieces in one file, every sum checked, and the manifest that publishes the shards."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import RunError
from pipelines.mixing.layout import MANIFEST, Layout, read_layout
from pipelines.mixing.mixture import Mixture
from pipelines.mixing.shards import SHARDS, pieces_file, shard_task
from pipelines.storage.receipts import commit_receipt, read_receipt
from pipelines.storage.run_directory import RunDirectory
from pipelines.tokens import Tokenizer
from schemas.receipts import Receipt, WrittenFile
from schemas.shards import PIECES, ComponentEntry, Manifest, ShardEntry

STAGE = "manifest"
TASK = "mixture"
PIECES_FILE = "shards/pieces.parquet"


def publish(run: RunDirectory, tokenizer: Tokenizer, seed: int, fingerprint: str) -> None:
    """Merge the pieces in shard order, check them against the layout, and write the manifest.

    Memory: one row group of pieces, and the shards' entries.
    Raises RunError, and writes no manifest, where a shard's pieces are not all of its sequences, or a
    component has not exactly the tokens that it was allotted.
    """
    layout = read_layout(run)
    realised = dict.fromkeys(layout.components, 0)
    pieces = run.write_parquet(PIECES_FILE, PIECES, _all_pieces(run, layout, realised))
    for allotment in layout.mixture.allotments:
        name = allotment.supply.name
        if realised[name] != allotment.tokens:
            raise RunError(
                f"component {name} was allotted {allotment.tokens:,} tokens and has {realised[name]:,} in the "
                "shards; nothing is published; remove receipts/layout and run again"
            )
    manifest = Manifest(
        tokenizer=tokenizer.name,
        tokenizer_sha256=tokenizer.sha256,
        vocabulary_size=tokenizer.vocabulary_size,
        end_of_document=tokenizer.end_of_document,
        seed=seed,
        sequence_length=layout.mixture.sequence_length,
        sequences=layout.mixture.sequences,
        tokens=layout.mixture.tokens,
        bound_by=", ".join(layout.mixture.bound_by) or None,
        components=_component_entries(layout.mixture),
        shards=list(_shard_entries(run, layout)),
        pieces={"path": "pieces.parquet", **pieces.model_dump(include={"sha256", "bytes", "rows"})},
    )
    written = run.write_bytes(MANIFEST, manifest.model_dump_json(indent=1).encode() + b"\n")
    commit_receipt(
        run,
        Receipt(
            stage=STAGE,
            task=TASK,
            fingerprint=fingerprint,
            files=[pieces, written],
            counts={"tokens": manifest.tokens, "sequences": manifest.sequences, "pieces": pieces.rows},
        ),
    )


def _all_pieces(run: RunDirectory, layout: Layout, realised: dict[str, int]) -> Iterator[pa.Table]:
    """The pieces of all shards, a row group at a time; adds every component's tokens to `realised`."""
    for shard in range(layout.shards):
        sequences = layout.sequences_of(shard)
        if not sequences:
            continue
        tokens = 0
        with run.parquet(pieces_file(shard)) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, use_threads=False)
                lengths = pc.add(pc.subtract(table["last"], table["first"]), 1)
                sums = pa.table({"component": table["component"], "tokens": lengths})
                for row in sums.group_by("component").aggregate([("tokens", "sum")]).to_pylist():
                    realised[row["component"]] += row["tokens_sum"]
                    tokens += row["tokens_sum"]
                yield table
        if tokens != len(sequences) * layout.mixture.sequence_length:
            raise RunError(
                f"the pieces of shard {shard} hold {tokens:,} tokens, its {len(sequences):,} sequences "
                f"{len(sequences) * layout.mixture.sequence_length:,}; nothing is published; remove "
                "receipts/layout and run again"
            )


def _component_entries(mixture: Mixture) -> dict[str, ComponentEntry]:
    return {
        a.supply.name: ComponentEntry(
            share=a.supply.share,
            realised_share=_rounded(a.tokens / mixture.tokens),
            unique_documents=a.supply.unique_documents,
            unique_tokens=a.supply.unique_tokens,
            tokens=a.tokens,
            epochs=_rounded(a.epochs),
            max_epochs=a.supply.max_epochs,
        )
        for a in mixture.allotments
    }


def _rounded(number: float) -> float:
    return float(f"{number:.12g}")


def _shard_entries(run: RunDirectory, layout: Layout) -> Iterator[ShardEntry]:
    """The entries of the shards that hold a sequence."""
    for shard in range(layout.shards):
        sequences = layout.sequences_of(shard)
        if not sequences:
            continue
        receipt = read_receipt(run, SHARDS, shard_task(shard))
        if receipt is None:
            raise RunError(f"shard {shard} has no receipt; run the mix stage again")
        file: WrittenFile = receipt.files[0]
        yield ShardEntry(
            path=file.path.removeprefix("shards/"),
            sha256=file.sha256,
            bytes=file.bytes,
            sequences=file.rows,
            tokens=file.rows * layout.mixture.sequence_length,
            first_sequence=sequences.start,
            components=receipt.details["components"],
        )

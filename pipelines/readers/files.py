"""Input files, local or on any fsspec filesystem: found, told apart and opened."""

import os
from glob import has_magic
from pathlib import Path
from typing import Any, BinaryIO

import fsspec
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from pipelines.errors import RunError
from schemas.plan import Format, InputFile

SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonl.gz": "jsonl.gz",
    ".ndjson.gz": "jsonl.gz",
    ".json.gz": "jsonl.gz",
    ".jsonl.zst": "jsonl.zst",
    ".ndjson.zst": "jsonl.zst",
    ".json.zst": "jsonl.zst",
    ".parquet": "parquet",
}
# An entity tag is changed by every write; the times are what stores without one can tell.
_VERSION_KEYS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated", "created")


def filesystem(path: str) -> tuple[AbstractFileSystem, str]:
    """The filesystem a path or URL is on, and the path there; a local path is made absolute."""
    if "://" in path:
        return fsspec.core.url_to_fs(path)
    return LocalFileSystem(), os.path.abspath(os.path.expanduser(path))


def address(fs: AbstractFileSystem, path: str) -> str:
    """What `filesystem` takes for a path of a filesystem: itself where it is local, a URL elsewhere."""
    return path if isinstance(fs, LocalFileSystem) else fs.unstrip_protocol(path)


def matching_files(pattern: str) -> dict[str, dict[str, Any]]:
    """Files that a file, folder, glob or URL leads to, with their fsspec info, by path, sorted.

    A path that exists is taken as it is, even where it looks like a glob. Links to files are followed,
    links to folders below a folder are not. Raises RunError where a link leads nowhere.
    """
    fs, path = filesystem(pattern)
    if fs.isfile(path):
        found = {path: fs.info(path)}
    elif fs.isdir(path):
        found = fs.find(path, detail=True)
    elif has_magic(path):
        found = fs.glob(path, detail=True)
    else:
        found = {}
    files = {name: _followed(fs, name, info) for name, info in found.items()}
    files = {name: info for name, info in files.items() if info["type"] == "file"}
    return {address(fs, name): files[name] for name in sorted(files)}


def _followed(fs: AbstractFileSystem, name: str, info: dict[str, Any]) -> dict[str, Any]:
    if not info.get("islink"):
        return info
    try:
        return fs.info(name)
    except FileNotFoundError:
        raise RunError(f"{name} is a link that leads nowhere; mend or remove it") from None


def format_of(path: str) -> Format | None:
    """The format that a file's name tells, None where it tells none."""
    name = file_name(path).lower()
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)


def file_name(path: str) -> str:
    """The last step of a path or URL: what ids are made of, so that they don't depend on the folder."""
    return path.rstrip("/").rsplit("/", 1)[-1]


def source_name(pattern: str) -> str:
    """What an input that names no source is called: its file without the suffix, or its folder."""
    steps = [step for step in pattern.rstrip("/").split("/") if step and not has_magic(step)]
    last = steps[-1] if steps else "input"
    suffix = next((suffix for suffix in SUFFIXES if last.lower().endswith(suffix)), "")
    if last in (".", ".."):
        last = Path(last).resolve().name
    return last[: len(last) - len(suffix)] or last


def version_of(info: dict[str, Any]) -> str:
    """The file's ETag, or the time of its last change, as its filesystem tells it."""
    return next((str(info[key]) for key in _VERSION_KEYS if info.get(key) is not None), "")


def require_unchanged(file: InputFile) -> None:
    """Raises RunError unless the file is as it was planned."""
    fs, path = filesystem(file.path)
    try:
        info = fs.info(path)
    except FileNotFoundError:
        raise RunError(
            f"{file.path} was planned and is gone; put it back, or start a new run folder"
        ) from None
    if info["size"] != file.size or version_of(info) != file.version:
        raise RunError(
            f"{file.path} has changed since it was planned ({file.size} bytes then, {info['size']} now); "
            "put the planned one back, or start a new run folder"
        )


def open_input(path: str) -> BinaryIO:
    """Open a file for reading from its start. Raises OSError."""
    fs, name = filesystem(path)
    if isinstance(fs, LocalFileSystem):
        return open(name, "rb", buffering=0)
    return fs.open(name, "rb")

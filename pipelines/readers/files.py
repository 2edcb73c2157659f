"""Input files, local or on any fsspec filesystem: found, told apart and opened."""

import os
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import Any, BinaryIO

import fsspec
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from pipelines.errors import RunError, UsageError
from pipelines.readers.languages import TEXT_SUFFIXES, is_code_name, suffix_of
from schemas.plan import DOCUMENT_FORMATS, Format, InputFile

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
    ".warc": "warc",
    ".wet": "warc",
    ".arc": "warc",
    ".warc.gz": "warc.gz",
    ".wet.gz": "warc.gz",
    ".arc.gz": "warc.gz",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
}
TOOL_FOLDERS = frozenset(("node_modules", "bower_components", "__pycache__"))
"""Folders of copies that tools make; hidden ones, such as .git, are passed over by their dot."""
# An entity tag or blob is changed by every write; the times are what stores without one can tell.
_VERSION_KEYS = (
    "ETag",
    "etag",
    "md5Hash",
    "blob_id",
    "mtime",
    "LastModified",
    "last_modified",
    "updated",
    "created",
)
# Making one, if only to find the one that is there, takes as long as opening a file.
_LOCAL = LocalFileSystem()


def filesystem(path: str) -> tuple[AbstractFileSystem, str]:
    """The filesystem a path or URL is on, and the path there; a local path is made absolute.

    Raises UsageError where the URL's protocol is unknown or its package is not installed.
    """
    if "://" not in path:
        return _LOCAL, os.path.abspath(os.path.expanduser(path))
    protocol = path.split("://", 1)[0]
    try:
        return fsspec.core.url_to_fs(path)
    except ImportError as error:
        extra = {"hf": "hf", "s3": "s3"}.get(protocol)
        hint = f"pip install 'syllabus[{extra}]'" if extra else "install the package that it names"
        raise UsageError(
            f"{path}: {protocol}:// needs a package that is not installed ({error}); {hint}"
        ) from None
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def address(fs: AbstractFileSystem, path: str) -> str:
    """What `filesystem` takes for a path of a filesystem: itself where it is local, a URL elsewhere."""
    return path if isinstance(fs, LocalFileSystem) else fs.unstrip_protocol(path)


@dataclass(frozen=True)
class Match:
    """A file that an input leads to: its path relative to the input's folder, its fsspec info, and either its
    format or why it is passed over (one of schemas.plan.WHY_PASSED_OVER)."""

    name: str
    info: dict[str, Any]
    format: Format | None = None
    why: str | None = None


def matching_files(pattern: str) -> dict[str, Match]:
    """Everything below a folder, glob or URL that is no folder, or the one file, by path, sorted.

    A path that exists is taken as it is, even where it looks like a glob. Links to files are followed,
    links to folders below a folder are not. Below the input's folder, hidden files and folders and
    TOOL_FOLDERS are passed over. Raises RunError where the files can't be listed, or where a link that is
    named like a file of records leads nowhere.
    """
    fs, path = filesystem(pattern)
    info = _info(fs, path)
    try:
        if info is not None and info["type"] == "file":
            found = {path: info}
        elif info is not None and info["type"] == "directory":
            # Elsewhere a listing fails as a whole.
            strict = {"on_error": "raise"} if isinstance(fs, LocalFileSystem) else {}
            found = fs.find(path, detail=True, **strict)
        elif has_magic(path):
            found = fs.glob(path, detail=True)
        else:
            found = {}
    except OSError as error:
        raise RunError(f"{pattern} can't be listed: {error}; run again to go on") from None
    folder = _folder_of(path)
    matches = {name: _match(fs, name, found[name], folder) for name in sorted(found)}
    return {address(fs, name): match for name, match in matches.items() if match is not None}


def _info(fs: AbstractFileSystem, path: str) -> dict[str, Any] | None:
    try:
        return fs.info(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise RunError(f"{address(fs, path)} can't be reached: {error}; run again to go on") from None


def _folder_of(path: str) -> str:
    """The steps of a path before the first that looks like a glob."""
    steps = path.rstrip("/").split("/")
    fixed = next((number for number, step in enumerate(steps) if has_magic(step)), len(steps))
    return "/".join(steps[:fixed])


def _match(fs: AbstractFileSystem, path: str, info: dict[str, Any], folder: str) -> Match | None:
    """None for a folder."""
    is_below = path.startswith(f"{folder}/")
    name = path[len(folder) + 1 :] if is_below else file_name(path)
    is_link = bool(info.get("islink"))
    followed = _followed(fs, path) if is_link else info
    if followed is None:
        if format_of(name) not in (None, *DOCUMENT_FORMATS):
            raise RunError(f"{path} is a link that leads nowhere; mend or remove it")
        return Match(name, info, why="broken_link")
    if followed["type"] == "directory":
        return Match(name, info, why="folder_link") if is_link else None
    if not _is_utf8(path):
        return Match(name, followed, why="name_not_utf8")
    return Match(name, followed, format_of(name), _why_passed_over(name, followed, is_below))


def _followed(fs: AbstractFileSystem, path: str) -> dict[str, Any] | None:
    try:
        return fs.info(path)
    except OSError:
        return None


def _why_passed_over(name: str, info: dict[str, Any], is_below: bool) -> str | None:
    steps = name.split("/") if is_below else []
    if any(step.startswith(".") for step in steps):
        return "hidden"
    if not TOOL_FOLDERS.isdisjoint(steps[:-1]):
        return "tool_folder"
    if info["type"] != "file":
        return "not_a_file"
    return "unknown_format" if format_of(name) is None else None


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def format_of(path: str) -> Format | None:
    """The format that a file's name tells, None where it tells none.

    A name without a dot, such as LICENSE, is text until its content says more, but not one that begins with
    `_`: such are the marks that engines leave beside data (_SUCCESS).
    """
    name = file_name(path).lower()
    known = next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)
    if known is not None:
        return known
    if is_code_name(name):
        return "code"
    if "." not in name:
        return None if name.startswith("_") else "text"
    return "text" if suffix_of(name) in TEXT_SUFFIXES else None


def file_name(path: str) -> str:
    """The last step of a path or URL: what ids are made of, so that they don't depend on the folder."""
    return path.rstrip("/").rsplit("/", 1)[-1]


def source_name(pattern: str) -> str:
    """What an input that names no source is called: its file without the suffix, or its folder."""
    steps = [step for step in pattern.rstrip("/").split("/") if step and not has_magic(step)]
    last = steps[-1] if steps else "input"
    suffix = max((suffix for suffix in SUFFIXES if last.lower().endswith(suffix)), key=len, default="")
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

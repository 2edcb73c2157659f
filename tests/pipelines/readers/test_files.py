"""Inputs are found by file, folder, glob and URL; a change of them is seen."""

import gzip
import hashlib
import io
import os
import sys
from typing import ClassVar

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import RunError, UsageError
from pipelines.readers.files import (
    filesystem,
    format_of,
    matching_files,
    open_input,
    require_unchanged,
    source_name,
    version_of,
)
from pipelines.readers.piece import read_piece
from schemas.config import Input
from schemas.plan import InputFile, Piece


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def names(pattern, folder):
    found = matching_files(str(pattern))
    assert all(match.why is None for match in found.values())
    return [os.path.relpath(path, folder) for path in found]


def test_files_folders_and_globs(tmp_path):
    touch(tmp_path, "b.jsonl", "a/x.jsonl", "a/deep/y.parquet", "a/[1].jsonl", "a/1.jsonl")
    (tmp_path / "a" / "link.jsonl").symlink_to(tmp_path / "b.jsonl")
    assert names(tmp_path / "b.jsonl", tmp_path) == ["b.jsonl"]
    everything = ["a/1.jsonl", "a/[1].jsonl", "a/deep/y.parquet", "a/link.jsonl", "a/x.jsonl"]
    assert names(tmp_path / "a", tmp_path) == everything
    assert names(tmp_path / "*.jsonl", tmp_path) == ["b.jsonl"]
    assert names(tmp_path / "**" / "y.*", tmp_path) == ["a/deep/y.parquet"]
    assert names(tmp_path / "a" / "[1].jsonl", tmp_path) == ["a/[1].jsonl"]
    assert names(tmp_path / "none*", tmp_path) == names(tmp_path / "none", tmp_path) == []


def test_a_link_that_is_named_like_records_and_leads_nowhere_ends_the_run(tmp_path):
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError, match="leads nowhere"):
        matching_files(str(tmp_path))


def why_not(folder):
    return {match.name: match.why for match in matching_files(str(folder)).values()}


def test_what_is_not_read_has_its_reason(tmp_path):
    touch(
        tmp_path,
        "a.py",
        ".git/config",
        ".env",
        "x/.hidden/a.py",
        "node_modules/m/a.js",
        "x/__pycache__/a.txt",
    )
    touch(tmp_path, "a.png", "a.csv", "_SUCCESS", "node_modules.py", "x/b")
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone.txt").symlink_to("nowhere")
    (tmp_path / "up").symlink_to("..")
    with open(os.fsencode(tmp_path) + b"/\xff.txt", "wb"):
        pass
    assert why_not(tmp_path) == {
        "a.py": None,
        "node_modules.py": None,
        "x/b": None,
        ".git/config": "hidden",
        ".env": "hidden",
        "x/.hidden/a.py": "hidden",
        "node_modules/m/a.js": "tool_folder",
        "x/__pycache__/a.txt": "tool_folder",
        "a.png": "unknown_format",
        "a.csv": "unknown_format",
        "_SUCCESS": "unknown_format",
        "pipe.txt": "not_a_file",
        "loop": "broken_link",
        "gone.txt": "broken_link",
        "up": "folder_link",
        "\udcff.txt": "name_not_utf8",
    }


def test_a_folder_whose_name_is_not_utf8_is_told_too(tmp_path):
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    os.mkdir(folder)
    with open(f"{folder}/a.txt", "wb"):
        pass
    assert why_not(tmp_path) == {"\udcff/a.txt": "name_not_utf8"}
    assert why_not(folder) == {"a.txt": "name_not_utf8"}


def test_what_the_input_itself_names_is_read(tmp_path):
    touch(tmp_path, ".git/a.py", "node_modules/b.js", ".env.txt")
    assert why_not(tmp_path / ".git") == {"a.py": None}
    assert why_not(tmp_path / "node_modules") == {"b.js": None}
    assert why_not(tmp_path / "node_modules" / "*.js") == {"b.js": None}


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("a", "deep/x.py"), ("a/*/x.py", "deep/x.py"), ("a/deep/x.py", "x.py"), ("*/deep", None)],
)
def test_names_are_relative_to_the_folder_that_the_input_names(tmp_path, pattern, name):
    touch(tmp_path, "a/deep/x.py")
    assert [match.name for match in matching_files(str(tmp_path / pattern)).values()] == [name] * (
        name is not None
    )


class Hub(fsspec.AbstractFileSystem):
    """What fsspec's filesystem of the Hugging Face Hub tells of files: a size and a blob, no time and no tag."""

    protocol = "fakehub"
    cachable = False
    files: ClassVar[dict[str, bytes]] = {}

    def info(self, path, **kwargs):
        path = self._strip_protocol(path)
        if path in self.files:
            blob = hashlib.sha1(self.files[path]).hexdigest()
            return {"name": path, "size": len(self.files[path]), "type": "file", "blob_id": blob}
        if any(name.startswith(f"{path}/") for name in self.files):
            return {"name": path, "size": 0, "type": "directory"}
        raise FileNotFoundError(path)

    def ls(self, path, detail=True, **kwargs):
        path = self._strip_protocol(path)
        depth = path.count("/") + 1
        below = {"/".join(name.split("/")[: depth + 1]) for name in self.files if name.startswith(f"{path}/")}
        found = [self.info(name) for name in sorted(below)]
        return found if detail else [one["name"] for one in found]

    def _open(self, path, mode="rb", **kwargs):
        return io.BytesIO(self.files[self._strip_protocol(path)])


@pytest.fixture
def hub(monkeypatch):
    fsspec.register_implementation("fakehub", Hub, clobber=True)
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": ["one", "two"]}), sink)
    files = {
        "datasets/owner/name/data/train-0.parquet": sink.getvalue(),
        "datasets/owner/name/data/train-1.parquet": sink.getvalue(),
        "datasets/owner/name/.gitattributes": b"x",
        "datasets/owner/name/lines.jsonl.gz": gzip.compress(b'{"text": "three"}\n'),
    }
    monkeypatch.setattr(Hub, "files", files)
    return files


def test_datasets_of_a_hub_are_found_read_and_watched(hub):
    found = matching_files("fakehub://datasets/owner/name")
    assert {path: match.why for path, match in found.items()} == {
        "fakehub://datasets/owner/name/.gitattributes": "hidden",
        "fakehub://datasets/owner/name/data/train-0.parquet": None,
        "fakehub://datasets/owner/name/data/train-1.parquet": None,
        "fakehub://datasets/owner/name/lines.jsonl.gz": None,
    }
    assert len(matching_files("fakehub://datasets/owner/name/data/*.parquet")) == 2
    columns = Input(path="fakehub://datasets/owner/name", bucket="web")
    files = [
        InputFile(
            path=path,
            name=match.name,
            input=0,
            format=match.format,
            size=match.info["size"],
            version=version_of(match.info),
        )
        for path, match in found.items()
        if match.why is None
    ]
    texts = [
        text
        for file in files
        for records in read_piece(file, Piece(file=0, start=0, end=0), columns, 1_000)
        for text in records.usable.column("text").to_pylist()
    ]
    assert texts == ["one", "two", "one", "two", "three"]
    same_size = hub["datasets/owner/name/data/train-0.parquet"].replace(b"two", b"six")
    hub["datasets/owner/name/data/train-0.parquet"] = same_size
    with pytest.raises(RunError, match="changed since it was planned"):
        require_unchanged(files[0])


def test_a_protocol_without_its_package_says_what_to_install(monkeypatch):
    fsspec_registry = sys.modules["fsspec.registry"]
    monkeypatch.setitem(
        fsspec_registry.known_implementations, "hf", {"class": "no_such_package.Hub", "err": "Install it"}
    )
    monkeypatch.setattr(fsspec_registry, "_registry", {})
    with pytest.raises(UsageError, match=r"hf:// needs a package .*pip install 'syllabus\[hf\]'"):
        filesystem("hf://datasets/owner/name/data.parquet")
    with pytest.raises(UsageError, match="nothing"):
        filesystem("nothing://a")


def test_urls():
    memory = fsspec.filesystem("memory")
    memory.pipe("/urls/b.jsonl", b"2")
    memory.pipe("/urls/a.jsonl", b"1")
    assert list(matching_files("memory://urls/*.jsonl")) == [
        "memory:///urls/a.jsonl",
        "memory:///urls/b.jsonl",
    ]
    assert list(matching_files("memory://urls")) == ["memory:///urls/a.jsonl", "memory:///urls/b.jsonl"]
    with open_input("memory:///urls/a.jsonl") as file:
        assert file.read() == b"1"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x.jsonl", "jsonl"),
        ("x.ndjson", "jsonl"),
        ("x.JSONL.GZ", "jsonl.gz"),
        ("c4-train.00000-of-01024.json.gz", "jsonl.gz"),
        ("x.jsonl.zst", "jsonl.zst"),
        ("x.parquet", "parquet"),
        ("x.json", None),
        ("x.csv.gz", None),
        ("jsonl", "text"),
        ("LICENSE", "text"),
        ("_SUCCESS", None),
        ("x.md", "text"),
        ("x.py", "code"),
        ("x.h", "code"),
        ("Makefile", "code"),
        ("CMakeLists.txt", "code"),
        ("x.html", "html"),
        ("CC-MAIN-20240101.warc.gz", "warc.gz"),
        ("CC-MAIN-20240101.warc.wet.gz", "warc.gz"),
        ("x.arc", "warc"),
        ("x.png", None),
    ],
)
def test_formats_by_name(name, kind):
    assert format_of(f"memory://folder.parquet/{name}") == kind


@pytest.mark.parametrize(
    ("pattern", "source"),
    [
        ("data/web/*.parquet", "web"),
        ("data/web-*.parquet", "data"),
        ("data/code", "code"),
        ("data/code/", "code"),
        ("/data/mycrawl.jsonl.gz", "mycrawl"),
        ("s3://bucket/books/**/*.jsonl", "books"),
        ("*.jsonl", "input"),
    ],
)
def test_the_source_is_called_after_its_file_or_folder(pattern, source):
    assert source_name(pattern) == source


def test_a_changed_or_lost_file_is_seen(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("12345")
    fs, name = filesystem(str(path))
    file = InputFile(path=str(path), input=0, format="jsonl", size=5, version=version_of(fs.info(name)))
    require_unchanged(file)
    os.utime(path, (1, 1))
    with pytest.raises(RunError, match="changed since it was planned"):
        require_unchanged(file)
    path.unlink()
    with pytest.raises(RunError, match="is gone"):
        require_unchanged(file)

"""Inputs are found by file, folder, glob and URL; a change of them is seen."""

import os

import fsspec
import pytest

from pipelines.errors import RunError
from pipelines.readers.files import (
    filesystem,
    format_of,
    matching_files,
    open_input,
    require_unchanged,
    source_name,
    version_of,
)
from schemas.plan import InputFile


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def names(pattern, folder):
    return [os.path.relpath(path, folder) for path in matching_files(str(pattern))]


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


def test_a_link_that_leads_nowhere_is_not_passed_over(tmp_path):
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError, match="leads nowhere"):
        matching_files(str(tmp_path))


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

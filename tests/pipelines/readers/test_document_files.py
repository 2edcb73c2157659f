"""Files that are a document each: text, code and pages."""

import pytest

from pipelines.errors import RunError
from pipelines.readers import records
from pipelines.readers.document_files import read_document_files
from pipelines.readers.piece import read_files
from schemas.config import Input
from tests.pipelines.archives import paragraphs
from tests.pipelines.readers.pieces import input_file

COLUMNS = Input(path="x", bucket="code", metadata=("title",))


def read(folder, files: dict[str, bytes], document_bytes: int = 10_000):
    """Usable records by id, and bad ones by the name of their file."""
    planned = []
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        planned.append(input_file(path).model_copy(update={"name": name}))
    usable, bad = {}, {}
    for found in read_files(planned, COLUMNS, document_bytes):
        found.usable.validate(full=True)
        for row, record in zip(found.rows.tolist(), found.usable.to_pylist(), strict=True):
            assert record["id"] == planned[row].name
            usable[record["id"]] = record
        bad |= {planned[one.row].name: (one.place, one.reason) for one in found.bad}
    return usable, bad


def test_code_text_and_pages_are_told_apart(tmp_path):
    usable, bad = read(
        tmp_path,
        {
            "a.py": b"print(1)\n",
            "deep/a.h": b"namespace a {}\n",
            "bin/tool": b"#!/bin/sh\necho\n",
            "LICENSE": b"Permission is granted.\n",
            "a.md": b"# Title\n",
            "a.t": b"nobody knows\n",
            "a.html": paragraphs("Words of a page."),
        },
    )
    assert bad == {}
    assert {key: (one["kind"], one["language"]) for key, one in usable.items()} == {
        "a.py": ("code", "python"),
        "deep/a.h": ("code", "cpp"),
        "bin/tool": ("code", "shell"),
        "LICENSE": ("text", None),
        "a.md": ("text", None),
        "a.t": ("code", None),
        "a.html": ("text", None),
    }
    assert usable["a.py"]["text"] == "print(1)\n"
    assert usable["a.html"]["text"].strip() == "Words of a page."
    assert usable["a.html"]["metadata"] == [("title", "t")]
    assert {one["url"] for one in usable.values()} == {None}


def test_text_becomes_utf8_and_keeps_every_character(tmp_path):
    words = "Größe und Übung, ein schönes Haus.\r\n\tEnde "
    usable, bad = read(
        tmp_path,
        {
            "a.txt": words.encode("cp1252"),
            "b.txt": words.encode("utf-16"),
            "c.txt": words.encode("utf-8-sig"),
        },
    )
    assert bad == {}
    assert {one["text"] for one in usable.values()} == {words}


def test_bad_files_are_told_and_their_neighbours_kept(tmp_path):
    usable, bad = read(
        tmp_path,
        {
            "a.txt": b"good",
            "b.txt": b"",
            "c.py": b"\0",
            "d.txt": b"a" * 10_001,
            "e.txt": "ö".encode() * 9 + b"\xff",
            "f.txt": b"good",
        },
    )
    assert set(usable) == {"a.txt", "f.txt"}
    assert bad == {
        "b.txt": ("file", "empty_text"),
        "c.py": ("file", "binary"),
        "d.txt": ("file", "oversize"),
        "e.txt": ("file", "bad_encoding"),
    }


def test_files_come_in_batches_that_do_not_depend_on_where_they_are_cut(tmp_path, monkeypatch):
    files = {f"{k}.txt": (f"text {k} " * 20).encode() if k % 3 else b"" for k in range(30)}
    together = read(tmp_path, files)
    monkeypatch.setattr(records, "BATCH_BYTES", 500)
    monkeypatch.setattr(records, "BAD_IN_BATCH", 2)
    assert read(tmp_path, files) == together
    assert (len(together[0]), len(together[1])) == (20, 10)


def test_a_file_that_grew_or_went_ends_the_run(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"good")
    planned = input_file(path)
    path.write_bytes(b"good and more")
    with pytest.raises(RunError, match="changed since it was planned"):
        list(read_files([planned], COLUMNS, 1_000))
    path.unlink()
    with pytest.raises(OSError):
        list(read_document_files([planned], COLUMNS, 1_000))

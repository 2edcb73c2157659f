"""Web archives: pages and texts become records, what is neither is counted, what is broken is told."""

import gzip
import zlib
from collections import Counter
from pathlib import Path

import pytest
from fastwarc import ArchiveIterator

from pipelines.readers.piece import read_piece
from schemas.config import Input
from schemas.plan import Piece
from tests.pipelines.archives import http, page, paragraphs, warc
from tests.pipelines.readers.pieces import input_file

SHARED = Path(__file__).parents[4] / "shared" / "warc"
WORDS = "Words of a page that say something."


def read(folder: Path, data: bytes, name: str = "a.warc", document_bytes: int = 100_000, **columns):
    """Usable records as dicts, bad ones as (place, reason), and why others are no documents."""
    path = folder / name
    path.write_bytes(data)
    given = Input(path=str(path), bucket="web", **columns)
    usable, bad, others = [], [], Counter()
    for records in read_piece(input_file(path), Piece(file=0, start=0, end=0), given, document_bytes):
        records.usable.validate(full=True)
        usable += records.usable.to_pylist()
        bad += [(one.place, one.reason) for one in records.bad]
        others.update(records.not_documents)
    return usable, bad, others


def texts(folder: Path, *blocks: bytes, **columns) -> list[str]:
    data = b"".join(warc(str(k), block) for k, block in enumerate(blocks))
    usable, bad, others = read(folder, data, **columns)
    assert (bad, others) == ([], {})
    return [one["text"] for one in usable]


def test_a_page_becomes_a_record_with_its_url_date_and_title(tmp_path):
    body = b'<html lang="de-AT"><head><title>Der Titel</title></head><body><p>Ein Satz.</p></body></html>'
    [one], bad, others = read(tmp_path, warc("u", http(body)), metadata=("title", "WARC-Type", "none"))
    assert (bad, others) == ([], {})
    assert one["id"] == "<urn:u>"
    assert one["url"] == "https://example.org/u"
    assert one["created"].isoformat() == "2024-02-29T12:00:00+00:00"
    assert (one["kind"], one["language"], one["source"]) == ("text", "de", None)
    assert one["metadata"] == [("title", "Der Titel"), ("WARC-Type", "response")]
    assert "Ein Satz." in one["text"]
    assert "<" not in one["text"]


def test_what_is_no_document_is_counted_by_why(tmp_path):
    kinds = ("warcinfo", "request", "metadata", "revisit", "continuation", "novelty")
    data = b"".join(warc(kind, b"x", kind) for kind in kinds)
    data += warc("1", http(b"moved", "text/html", "301 Moved")) + warc(
        "2", http(b"x", "text/html", "404 Not Found")
    )
    data += warc("3", http(b"\x89PNG", "image/png")) + warc("4", b"IN A", content_type="text/dns")
    data += warc("5", http(b"\0" * 200_000, "video/mp4"))
    usable, bad, others = read(tmp_path, data + page("p"))
    assert [one["id"] for one in usable] == ["<urn:p>"]
    assert bad == []
    counted = dict.fromkeys(("warcinfo", "request", "metadata", "revisit", "continuation", "unknown_type"), 1)
    assert others == {**counted, "status": 2, "media_type": 3}


def test_plain_text_and_conversions_are_taken_as_they_are(tmp_path):
    text = "Größe  <b>\n\n zwei "
    assert texts(tmp_path, http(text.encode(), "text/plain")) == [text]
    data = warc("c", text.encode(), "conversion", content_type="text/plain")
    data += warc("r", text.encode(), "resource", content_type="text/plain; charset=utf-8")
    usable, _, _ = read(tmp_path, gzip.compress(data), "a.warc.wet.gz")
    assert [one["text"] for one in usable] == [text, text]


@pytest.mark.parametrize("name", ["cp1251", "koi8-r"])
def test_charsets_of_http_and_of_pages_are_followed(tmp_path, name):
    words = "Это русский текст, довольно длинный. " * 3
    body = f"<html><body><p>{words}</p></body></html>".encode(name)
    marked = f'<html><head><meta charset="{name}"></head><body><p>{words}</p></body></html>'.encode(name)
    found = texts(tmp_path, http(body, f"text/html;charset={name}"), http(marked, "text/html"))
    assert all(words.strip() in text for text in found)


def test_encodings_of_http_are_undone(tmp_path):
    body = paragraphs(WORDS)
    chunked = b"5\r\n" + body[:5] + b"\r\n" + f"{len(body) - 5:x}\r\n".encode() + body[5:] + b"\r\n0\r\n\r\n"
    packed = gzip.compress(body)
    both = f"{len(packed):x}\r\n".encode() + packed + b"\r\n0\r\n\r\n"
    gz, chunks = "Content-Encoding: gzip", "Transfer-Encoding: chunked"
    found = texts(
        tmp_path,
        http(packed, "text/html", "200 OK", gz),
        http(zlib.compress(body), "text/html", "200 OK", "Content-Encoding: deflate"),
        http(chunked, "text/html", "200 OK", chunks),
        http(both, "text/html", "200 OK", gz, chunks),
    )
    assert len(found) == 4
    assert all(WORDS in text for text in found)


def test_a_body_whose_encoding_was_undone_already_is_taken_as_it_is(tmp_path):
    headers = ("Content-Encoding: gzip", "Content-Encoding: br", "Transfer-Encoding: chunked")
    found = texts(tmp_path, *(http(paragraphs(WORDS), "text/html", "200 OK", header) for header in headers))
    assert len(found) == 3
    assert all(WORDS in text for text in found)


def test_a_page_without_a_content_type_is_told_by_its_beginning(tmp_path):
    block = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"
    data = warc("h", block + b"<!DOCTYPE html>" + paragraphs(WORDS)) + warc("o", block + b"\x89PNG")
    usable, _, others = read(tmp_path, data)
    assert [one["id"] for one in usable] == ["<urn:h>"]
    assert others == {"media_type": 1}


def test_what_unpacks_to_more_than_a_document_is_too_large(tmp_path):
    block = http(gzip.compress(b"<p>" + b"a" * 500_000), "text/html", "200 OK", "Content-Encoding: gzip")
    usable, bad, _ = read(tmp_path, page("p") + warc("bomb", block))
    assert len(usable) == 1
    assert [reason for _, reason in bad] == ["oversize"]


def test_ids_are_made_of_file_and_place_where_a_record_has_none(tmp_path):
    nameless = page("x").replace(b"WARC-Record-ID: <urn:x>\r\n", b"")
    usable, _, _ = read(tmp_path, gzip.compress(nameless) + gzip.compress(nameless), "n.warc.gz")
    assert [one["id"] for one in usable] == [
        "n.warc.gz:byte 0",
        f"n.warc.gz:byte {len(gzip.compress(nameless))}",
    ]


@pytest.mark.corpus
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared archives are not there")
@pytest.mark.parametrize(
    ("name", "kept", "reasons"),
    [
        ("warcio-example.warc.gz", 1, []),
        ("warcio-example.arc.gz", 1, []),
        ("warcio-example-iana.org-chunked.warc", 1, []),
        ("warcio-example-resource.warc.gz", 1, []),
        ("warcio-example-wrong-chunks.warc.gz", 1, []),
        ("warcio-example-bad-non-chunked.warc.gz", 1, []),
        ("warcio-example-wget-bad-target-uri.warc.gz", 3, []),
        ("warcio-example-trunc.warc", 0, ["corrupt"]),
        ("warcio-example-digest.warc", 0, []),
        ("warcio-post-test.warc.gz", 0, []),
        ("warcio-example-space-in-target-uri.warc.gz", 0, []),
    ],
)
def test_odd_archives(tmp_path, name, kept, reasons):
    usable, bad, _ = read(tmp_path, (SHARED / name).read_bytes(), name)
    assert (len(usable), [reason for _, reason in bad]) == (kept, reasons)


@pytest.mark.corpus
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared archives are not there")
def test_every_record_that_fastwarc_sees_is_accounted_for(tmp_path):
    path = SHARED / "pages-000.warc.gz"
    with open(path, "rb") as file:
        seen = [record.record_id for record in ArchiveIterator(file)]
    usable, bad, others = read(tmp_path, path.read_bytes(), path.name, 100_000_000)
    assert len(usable) + len(bad) + others.total() == len(seen)
    ids = [one["id"] for one in usable]
    assert ids == [key for key in seen if key in set(ids)]

"""A folder of files that are each broken in one way, between records that are good."""

import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from tests.pipelines.archives import http, page, paragraphs, warc

LARGEST = 100_000


@dataclass
class Broken:
    """One kind: the file, what it holds, the ids that are kept, and place and reason of what is not."""

    name: str
    data: bytes
    bad: list[tuple[str, str]]
    kept: list[str] = field(default_factory=list)


def good(document_id: str) -> bytes:
    return json.dumps({"id": document_id, "text": f"Good words of {document_id}."}).encode()


def between(name: str, line: bytes, reason: str) -> Broken:
    """A line between two good ones of a plain file."""
    ids = [f"{name}-before", f"{name}-after"]
    data = b"\n".join([good(ids[0]), line, good(ids[1])]) + b"\n"
    return Broken(f"{name}.jsonl", data, [(f"byte {len(good(ids[0])) + 1}", reason)], ids)


def lines_between() -> Iterator[Broken]:
    yield between("not-json", b"{'text': 'quotes of Python'}", "bad_json")
    yield between("blank-line", b"", "bad_json")
    yield between("cut-off-object", b'{"text": "cut o', "bad_json")
    yield between("two-objects", b'{"text": "a"}{"text": "b"}', "bad_json")
    yield between("not-a-number", b'{"text": "a", "score": NaN}', "bad_json")
    yield between("nested", b'{"text": "a", "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "bad_json")
    yield between("an-array", b'["text"]', "wrong_type")
    yield between("number-for-text", b'{"text": 17}', "wrong_type")
    yield between("no-text", b'{"body": "other name"}', "missing_text")
    yield between("null-text", b'{"text": null}', "missing_text")
    yield between("blank-text", b'{"text": " \\n\\t"}', "empty_text")
    yield between("latin-1", '{"text": "Größe"}'.encode("latin-1"), "bad_utf8")
    yield between("lone-surrogate", b'{"text": "\\ud83d"}', "bad_utf8")
    yield between("too-long", b'{"text": "' + b"a" * (LARGEST + 1) + b'"}', "oversize")


def packed_lines() -> Iterator[Broken]:
    ids = [f"packed-{k}" for k in range(2_000)]
    lines = b"\n".join(map(good, ids)) + b"\n"
    yield Broken("trailing.jsonl.gz", gzip.compress(lines) + b"garbage", [("line 2001", "corrupt")], ids)
    whole = gzip.compress(lines)[:-8]
    yield Broken("no-end-mark.jsonl.gz", whole, [("line 2001", "truncated")], ids)
    frames = zstandard.compress(lines) + zstandard.compress(lines)[:30]
    yield Broken("cut-off.jsonl.zst", frames, [("line 2001", "truncated")], ids)
    yield Broken("not-packed.jsonl.gz", lines, [("line 1", "corrupt")])


def parquet() -> Iterator[Broken]:
    yield Broken("no-footer.parquet", b"PAR1 and then nothing", [("footer", "corrupt")])
    sink = io.BytesIO()
    ids = [f"row-{k}" for k in range(6)]
    table = pa.table({"id": ids, "text": [f"Text number {k}, long enough to be a page." for k in range(6)]})
    pq.write_table(
        table, sink, row_group_size=3, write_page_checksum=True, compression="none", use_dictionary=False
    )
    data = bytearray(sink.getvalue())
    data[data.index(b"Text number 4") + 3] ^= 0xFF
    lost = [(f"row group 1, row {k}", "corrupt") for k in range(3)]
    yield Broken("damaged-page.parquet", bytes(data), lost, ids[:3])
    sink = io.BytesIO()
    rows = [("n-0", "Good."), ("n-1", None), ("n-2", ""), ("n-3", "Good too.")]
    pq.write_table(pa.Table.from_pylist([{"id": key, "text": text} for key, text in rows]), sink)
    bad = [("row group 0, row 1", "missing_text"), ("row group 0, row 2", "empty_text")]
    yield Broken("null-text.parquet", sink.getvalue(), bad, ["n-0", "n-3"])


def archives() -> Iterator[Broken]:
    def between_pages(name: str, record: bytes, reason: str) -> Broken:
        before, after = page(f"{name}-before"), page(f"{name}-after")
        kept = [f"<urn:{name}-before>", f"<urn:{name}-after>"]
        return Broken(f"{name}.warc", before + record + after, [(f"byte {len(before)}", reason)], kept)

    def members(name: str, member: bytes, reason: str) -> Broken:
        before, after = gzip.compress(page(f"{name}-before")), gzip.compress(page(f"{name}-after"))
        kept = [f"<urn:{name}-before>", f"<urn:{name}-after>"]
        return Broken(f"{name}.warc.gz", before + member + after, [(f"byte {len(before)}", reason)], kept)

    block = http(paragraphs("A page that says a false length of itself."))
    yield between_pages("length-into-the-next", warc("x", block, length=len(block) + 200), "corrupt")
    yield between_pages("length-beyond-the-file", warc("x", block, length=90_000), "truncated")
    yield between_pages("length-too-short", warc("x", block, length=len(block) - 30), "corrupt")
    yield between_pages("length-negative", warc("x", block, length=-5), "corrupt")
    yield between_pages("garbage", b"This is no record.\r\n\r\n", "corrupt")
    yield between_pages("no-http", warc("x", b"no HTTP at all, only words"), "corrupt")
    yield between_pages("long-block", warc("x", http(b"<p>" + b"a" * LARGEST)), "oversize")
    yield between_pages("no-content", warc("x", http(b"<html><body></body></html>")), "empty_text")
    mixed = http(paragraphs("Größe und Übung ").replace(b"</p>", b"\xfc</p>"))
    yield between_pages("page-of-two-encodings", warc("x", mixed), "bad_encoding")
    encoded = ("Content-Encoding: gzip",)
    zipped = gzip.compress(paragraphs("x" * 500))
    for name, body, reason in (
        ("broken", zipped[:-8] + b"\xff" * 8, "corrupt"),
        ("half", zipped[:30], "truncated"),
    ):
        block_of_it = http(body, "text/html", "200 OK", *encoded)
        yield between_pages(f"http-gzip-{name}", warc("x", block_of_it), reason)
    damaged = bytearray(gzip.compress(warc("x", block)))
    damaged[10] = 0x07
    yield members("member-damaged", bytes(damaged), "corrupt")
    yield members("member-length", gzip.compress(warc("x", block, length=len(block) + 50)), "corrupt")
    yield members("member-not-packed", b"plain words between the members", "corrupt")
    cut = page("whole") + page("cut")[:-40]
    yield Broken("cut-off.warc", cut, [(f"byte {len(page('whole'))}", "truncated")], ["<urn:whole>"])
    packed = gzip.compress(page("whole-member"))
    cut = packed + gzip.compress(page("cut"))[:-60]
    yield Broken("cut-off.warc.gz", cut, [(f"byte {len(packed)}", "truncated")], ["<urn:whole-member>"])


def files() -> Iterator[Broken]:
    for name, data, reason in (
        ("binary.py", b"\x7fELF\x02\x01\x01\0\0\0\0", "binary"),
        ("program", b"\x7fELF\x02\x01\x01\0\0\0\0", "binary"),
        ("empty.md", b"", "empty_text"),
        ("blank.txt", b"\n \n", "empty_text"),
        ("two-encodings.txt", "Größe und Übung ".encode() + b"\xfc", "bad_encoding"),
        ("false-mark.txt", b"\xff\xfea\0b", "bad_encoding"),
        ("large.txt", b"a" * (LARGEST + 1), "oversize"),
        ("nothing.html", b"<html><body><script>alert(1)</script></body></html>", "empty_text"),
    ):
        yield Broken(f"tree/{name}", data, [("file", reason)])
    for name, data in (
        ("good.py", b"print('kept')\n"),
        ("good.md", b"# Kept\n"),
        ("latin-1.txt", "Größe und Übung, ein schönes Haus".encode("latin-1")),
        ("good.html", paragraphs("Kept words of a page.")),
    ):
        yield Broken(f"tree/{name}", data, [], [f"tree/{name}"])


def arc() -> Iterator[Broken]:
    def record(url: str, body: bytes, length: int | None = None) -> bytes:
        size = len(body) if length is None else length
        return f"{url} 192.0.2.1 20240229120000 text/html {size}\n".encode() + body + b"\n"

    first = record("filedesc://x.arc", b"1 0 Test\nURL IP-address Archive-date Content-type Archive-length\n")
    block = http(paragraphs("A page of an old archive."))
    before = first + record("http://example.org/1", block)
    data = (
        before + record("http://example.org/2", block, len(block) + 9) + record("http://example.org/3", block)
    )
    after = len(before) + len(record("http://example.org/2", block, len(block) + 9))
    kept = [f"false-length.arc:byte {len(first)}", f"false-length.arc:byte {after}"]
    yield Broken("false-length.arc", data, [(f"byte {len(before)}", "corrupt")], kept)


def kinds() -> list[Broken]:
    return [*lines_between(), *packed_lines(), *parquet(), *archives(), *arc(), *files()]


def write_broken_folder(folder: Path) -> list[Broken]:
    found = kinds()
    for one in found:
        path = folder / one.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.data)
    return found

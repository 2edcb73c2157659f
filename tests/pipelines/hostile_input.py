"""A folder of files that are made to do harm: to fill memory or disk, to never end, to lead out of the folder."""

import gzip
import io
import os
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from tests.pipelines.archives import http, page, paragraphs, warc

GIGABYTE = 1_000_000_000
JUNK_LINES = 1_000_000
NESTED = 1_000_000
NESTED_PAGE = 100_000

Place = tuple[str, str]


def repeated(
    start: bytes, filler: bytes, size: int, end: bytes, pack: Callable[[], "zlib._Compress"]
) -> bytes:
    """start, `size` bytes of filler and end, packed without ever being held."""
    packer = pack()
    block = filler * (1_000_000 // len(filler))
    parts = [packer.compress(start)]
    parts += [packer.compress(block) for _ in range(size // len(block))]
    return b"".join([*parts, packer.compress(end), packer.flush()])


def gzipped(start: bytes, filler: bytes, size: int, end: bytes = b"") -> bytes:
    return repeated(start, filler, size, end, lambda: zlib.compressobj(1, wbits=31))


def zstd(start: bytes, filler: bytes, size: int, end: bytes = b"") -> bytes:
    return repeated(start, filler, size, end, zstandard.ZstdCompressor().compressobj)


def lying_footer() -> bytes:
    """A Parquet file of which only the footer is left."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": [f"Text number {k}." for k in range(50_000)]}), sink)
    data = sink.getvalue()
    size = struct.unpack("<i", data[-8:-4])[0]
    return data[:4] + data[-8 - size :]


def write_hostile_folder(folder: Path) -> tuple[dict[str, list[Place]], list[str], dict[str, list[str]]]:
    """Bad records by file, as place and reason; ids that are kept; and files that are passed over, by reason."""
    line = b'{"id": "%s", "text": "Good words."}\n'
    bad: dict[str, list[Place]] = {}
    kept: list[str] = []

    def put(name: str, data: bytes, places: list[Place], ids: tuple[str, ...] = ()) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        if places:
            bad[name] = places
        kept.extend(ids)

    bomb = gzipped(line % b"gz-1" + b'{"text": "', b"a", GIGABYTE, b'"}\n' + line % b"gz-2")
    put("bomb.jsonl.gz", bomb, [("line 2", "oversize")], ("gz-1", "gz-2"))
    bomb = zstd(line % b"zst-1" + b'{"text": "', b"a", GIGABYTE, b'"}\n' + line % b"zst-2")
    put("bomb.jsonl.zst", bomb, [("line 2", "oversize")], ("zst-1", "zst-2"))
    # A gigabyte without a line end, of which the disk holds nothing.
    put("sparse.jsonl", line % b"sparse-1", [(f"byte {len(line % b'sparse-1')}", "oversize")], ("sparse-1",))
    os.truncate(folder / "sparse.jsonl", GIGABYTE)
    nested = b'{"text": "a", "x": ' + b'{"x": [' * NESTED + b"]}" * NESTED + b"}\n"
    put("nested.jsonl", nested + line % b"nested", [("byte 0", "bad_json")], ("nested",))
    junk = gzipped(b"", b"x\n", 2 * JUNK_LINES)
    put("junk.jsonl.gz", junk, [(f"line {k}", "bad_json") for k in range(1, JUNK_LINES + 1)])

    first, last = page("first"), page("last")
    after = [(f"byte {len(first)}", "oversize")]
    ids = ("<urn:first>", "<urn:last>")
    put("false-length.warc", first + warc("x", http(b"<p>"), length=10**15) + last, after, ids)
    member = gzipped(warc("x", http(b""), length=GIGABYTE)[:-4], b"a", GIGABYTE, b"\r\n\r\n")
    start = gzip.compress(first)
    after = [(f"byte {len(start)}", "oversize")]
    put("bomb.warc.gz", start + member + gzip.compress(last), after, ids)
    body = gzipped(b"<p>", b"a", GIGABYTE)
    block = http(body, "text/html", "200 OK", "Content-Encoding: gzip")
    put("bomb-in-http.warc", first + warc("x", block) + last, [(f"byte {len(first)}", "oversize")], ids)
    # Fifty thousand places at which a member seems to begin.
    magic = gzip.compress(first) + b"\x1f\x8b\x08\0\0\0\0\0\0\xff" * 50_000 + gzip.compress(last)
    put("magic.warc.gz", magic, [(f"byte {len(gzip.compress(first))}", "corrupt")], ids)
    empty = gzip.compress(b"") * 100_000
    put("empty-members.warc.gz", empty + gzip.compress(page("after-empty")), [], ("<urn:after-empty>",))
    put(
        "trailing.jsonl.gz",
        gzip.compress(line % b"trail") + b"garbage",
        [("line 2", "corrupt")],
        ("trail",),
    )

    deep = b"<html><body><p>Above.</p>" + b"<div>" * NESTED_PAGE + b"Deep words at the bottom of it."
    put("deep.html", deep, [], ())
    put("tags.html", paragraphs("Words.") + b"<" * 5_000_000, [], ())
    lost = [(f"row group 0, row {k}", "corrupt") for k in range(50_000)]
    put("footer-only.parquet", lying_footer(), lost)
    put("footer-of-2-gb.parquet", b"PAR1" + struct.pack("<i", 2**31 - 1) + b"PAR1", [("footer", "corrupt")])

    put("tree/good\nname\x1b[31m.txt", b"Kept words.", [], ("tree/good\nname\x1b[31m.txt",))
    put("tree/attack.h", b"a" * 3_000_000 + b"::", [], ("tree/attack.h",))
    passed = {"name_not_utf8": ["tree/bad\\udcff.txt"], "not_a_file": ["tree/pipe.jsonl", "tree/socket.txt"]}
    with open(os.fsencode(folder) + b"/tree/bad\xff.txt", "wb") as file:
        file.write(b"A name that is not UTF-8.")
    os.mkfifo(folder / "tree" / "pipe.jsonl")
    with socket.socket(socket.AF_UNIX) as server:
        # The path of a socket has a small limit, that of a folder has none.
        before = os.getcwd()
        os.chdir(folder / "tree")
        server.bind("socket.txt")
        os.chdir(before)
    (folder / "tree" / "one").symlink_to("two")
    (folder / "tree" / "two").symlink_to("one")
    (folder / "tree" / "up").symlink_to("..")
    (folder / "tree" / "zero.txt").symlink_to("/dev/zero")
    passed["broken_link"] = ["tree/one", "tree/two"]
    passed["folder_link"] = ["tree/up"]
    passed["not_a_file"].append("tree/zero.txt")
    return bad, kept, passed

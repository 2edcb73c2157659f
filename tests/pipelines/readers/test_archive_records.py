"""Records of web archives are framed exactly; one that is broken loses only itself."""

import gzip
import io
import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.readers import archive_bytes
from pipelines.readers.archive_bytes import Window, archive_chunks
from pipelines.readers.archive_records import ArchiveRecord, BrokenRecord, archive_records
from tests.pipelines.archives import warc

LONGEST = 100_000
bodies = st.lists(st.binary(max_size=300), min_size=1, max_size=6)


def framed(
    data: bytes, is_packed: bool = False, longest: int = LONGEST
) -> list[ArchiveRecord | BrokenRecord]:
    return list(archive_records(Window(archive_chunks(io.BytesIO(data), is_packed)), longest))


def whole(found: list[ArchiveRecord | BrokenRecord]) -> list[tuple[str, bytes]]:
    return [
        (one.header.get("warc-record-id", ""), one.body) for one in found if isinstance(one, ArchiveRecord)
    ]


def broken(found: list[ArchiveRecord | BrokenRecord]) -> list[tuple[str, str]]:
    return [(one.place, one.reason) for one in found if isinstance(one, BrokenRecord)]


def numbered(blocks: list[bytes]) -> list[bytes]:
    return [warc(str(k), block) for k, block in enumerate(blocks)]


@pytest.mark.parametrize("read_bytes", [1, 7, 4_096, 2_000_000])
@given(blocks=bodies)
def test_records_come_back_however_the_file_is_read(read_bytes, blocks):
    chunks = [b"".join(numbered(blocks))[k : k + read_bytes] for k in range(0, 10_000, read_bytes)]
    found = list(archive_records(Window(map(archive_bytes.Chunk, filter(None, chunks))), LONGEST))
    assert whole(found) == [(f"<urn:{k}>", block) for k, block in enumerate(blocks)]
    assert broken(found) == []


@pytest.mark.parametrize("together", [False, True])
@given(blocks=bodies)
def test_packed_records_come_back_with_their_member_for_a_place(together, blocks):
    records = numbered(blocks)
    members = [gzip.compress(b"".join(records))] if together else list(map(gzip.compress, records))
    found = framed(b"".join(members), is_packed=True)
    assert whole(found) == [(f"<urn:{k}>", block) for k, block in enumerate(blocks)]
    starts = [sum(map(len, members[:k])) for k in range(len(members))]
    if together:
        assert [one.place for one in found] == [
            "byte 0" + (f", record {k}" if k > 1 else "") for k in range(1, len(blocks) + 1)
        ]
    else:
        assert [one.place for one in found] == [f"byte {start}" for start in starts]


@given(blocks=bodies, cuts=st.lists(st.integers(1, 500), max_size=5))
def test_members_may_end_anywhere_in_a_record(blocks, cuts):
    data = b"".join(numbered(blocks))
    edges = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    members = [gzip.compress(data[a:b]) for a, b in itertools.pairwise(edges)]
    assert whole(framed(b"".join(members), is_packed=True)) == [
        (f"<urn:{k}>", block) for k, block in enumerate(blocks)
    ]


text_bodies = st.lists(st.text("abc \n", min_size=20, max_size=200).map(str.encode), min_size=3, max_size=6)


@given(blocks=text_bodies, which=st.integers(0, 5), lie=st.integers(-5_000, 5_000), packed=st.booleans())
def test_a_false_length_loses_only_its_record(blocks, which, lie, packed):
    which %= len(blocks)
    records = numbered(blocks)
    length = len(blocks[which]) + lie
    records[which] = warc(str(which), blocks[which], length=length)
    # A lie that ends where another record does can't be told from the truth.
    edges = {sum(map(len, records[which + 1 : k])) for k in range(which + 2, len(records) + 1)}
    assume(not any(edge <= lie <= edge + 4 for edge in edges))
    data = gzip.compress(b"".join(records)) if packed else b"".join(records)
    found = framed(data, packed)
    others = [(f"<urn:{k}>", block) for k, block in enumerate(blocks) if k != which]
    assert [one for one in whole(found) if one[0] != f"<urn:{which}>"] == others
    # Too short a length that ends at a blank line, or a few line ends too long a one, can't be told from the truth.
    rest = (blocks[which] + b"\r\n\r\n")[max(length, 0) :]
    if abs(lie) > 4 and not (lie < 0 and rest.startswith((b"\n\n", b"\r\n\r\n"))) and rest.strip():
        assert len(broken(found)) >= 1


@given(blocks=text_bodies, which=st.integers(0, 5), position=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_damaged_member_loses_only_its_record(blocks, which, position, flip):
    which %= len(blocks)
    members = [gzip.compress(record) for record in numbered(blocks)]
    damaged = bytearray(members[which])
    # The last four bytes tell the length, the four before them the checksum; the first ten the time, among others.
    damaged[10 + position % (len(damaged) - 10)] ^= flip
    members[which] = bytes(damaged)
    found = framed(b"".join(members), is_packed=True)
    records = [(f"<urn:{k}>", block) for k, block in enumerate(blocks)]
    # Where only the mark of the last block is damaged, the record before it is whole, and nonsense follows.
    kept = whole(found)
    assert kept in (records, [record for record in records if record != records[which]])
    assert broken(found)


@given(blocks=text_bodies, cut=st.integers(5, 90), packed=st.booleans())
def test_a_file_that_is_cut_off_says_so_and_keeps_what_is_whole(blocks, cut, packed):
    records = numbered(blocks)
    data = b"".join(map(gzip.compress, records) if packed else records)
    found = framed(data[:-cut], packed)
    kept = whole(found)
    assert kept == [(f"<urn:{k}>", block) for k, block in enumerate(blocks)][: len(kept)]
    assert len(kept) == len(blocks) - 1
    assert [reason for _, reason in broken(found)] == ["truncated"]


@given(
    st.lists(
        st.sampled_from([b"WARC/1.0\r\n", b"\r\n", b"\n", b"Content-Length: 5", b"WARC-Type: x", b":", b"a"])
    )
)
def test_any_bytes_end_in_records_or_broken_ones(parts):
    data = b"".join(parts)
    assert all(one.place.startswith("byte ") for one in framed(data))
    assert bool(framed(data)) == bool(data.strip(b"\r\n"))


@given(st.binary(max_size=200))
def test_any_packed_bytes_end(data):
    found = framed(gzip.compress(b"") + data, is_packed=True)
    assert bool(found) == bool(data.strip(b"\0"))


def test_a_body_that_is_too_long_is_not_held_and_its_head_can_be_looked_at():
    long = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 500_000
    found = framed(warc("0", b"a") + warc("1", long) + warc("2", b"c"), longest=1_000)
    assert [(one.is_whole, one.body[:8]) for one in found] == [
        (True, b"a"),
        (False, b"HTTP/1.1"),
        (True, b"c"),
    ]
    assert len(found[1].body) == 65_536


def test_header_lines_may_be_folded_and_written_in_any_case():
    data = b"WARC/1.0\r\nwarc-TYPE: response\r\nX: a\r\n  b\r\ncontent-length: 2\r\n\r\nhi\r\n\r\n"
    [one] = framed(data)
    assert (one.header, one.body) == ({"warc-type": "response", "x": "a b", "content-length": "2"}, b"hi")


def test_arc_of_both_versions():
    one = b"filedesc://a.arc 0.0.0.0 20240229120000 text/plain 4\n1 0\n\n"
    first = b"http://a.org/with space 1.2.3.4 20240229120001 text/html 5\nhello\n"
    second = b"http://b.org/ 1.2.3.4 20240229120002 text/html 200 sum - 99 a.arc 5\nworld\n"
    found = framed(one + first + second)
    assert [(r.header["warc-target-uri"], r.header["warc-date"], r.body) for r in found[1:]] == [
        ("http://a.org/with space", "2024-02-29T12:00:01Z", b"hello"),
        ("http://b.org/", "2024-02-29T12:00:02Z", b"world"),
    ]
    assert [r.header["warc-type"] for r in found] == ["warcinfo", "response", "response"]

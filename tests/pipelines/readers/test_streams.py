"""Packed files unpack to what was packed; what breaks keeps all that came before."""

import gzip
import io
import zlib

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers.streams import BrokenStream, gzip_chunks, plain_chunks, zstd_chunks

PACKERS = {gzip_chunks: gzip.compress, zstd_chunks: zstandard.compress}
each_format = pytest.mark.parametrize("chunks", PACKERS)


def unpacked(chunks, data: bytes) -> tuple[bytes, str | None]:
    found = []
    try:
        for chunk in chunks(io.BytesIO(data)):
            found.append(chunk)
    except BrokenStream as broken:
        return b"".join(found), broken.reason
    return b"".join(found), None


def noise(size: int) -> bytes:
    return np.random.default_rng(0).integers(97, 123, size, np.uint8).tobytes()


@each_format
@pytest.mark.parametrize("size", [0, 1, 999_999, 1_000_000, 1_000_001, 3_000_000])
def test_any_size_comes_back(chunks, size):
    for data in (b"a" * size, noise(size)):
        assert unpacked(chunks, PACKERS[chunks](data)) == (data, None)


@each_format
@given(members=st.lists(st.binary(max_size=300), max_size=5))
def test_members_and_frames_follow_one_another(chunks, members):
    packed = b"".join(PACKERS[chunks](member) for member in members)
    assert unpacked(chunks, packed) == (b"".join(members), None)


def test_a_member_may_begin_anywhere_in_a_block_of_the_file():
    members = [noise(65_000 + k) for k in range(40)]
    assert unpacked(gzip_chunks, b"".join(map(gzip.compress, members))) == (b"".join(members), None)
    assert unpacked(zstd_chunks, b"".join(map(zstandard.compress, members))) == (b"".join(members), None)


def test_zeros_after_a_gzip_member_are_padding():
    packed = gzip.compress(b"one") + bytes(700) + gzip.compress(b"two") + bytes(70_000)
    assert unpacked(gzip_chunks, packed) == (b"onetwo", None)


def test_zstd_skippable_frames_are_skipped():
    packed = b"\x50\x2a\x4d\x18\x05\x00\x00\x00hello" + zstandard.compress(b"text")
    assert unpacked(zstd_chunks, packed) == (b"text", None)


@given(st.integers(1, 20_000))
def test_a_truncated_gzip_gives_what_can_be_unpacked(cut):
    packed = gzip.compress(noise(30_000))
    kept = packed[: max(1, len(packed) - cut)]
    assert unpacked(gzip_chunks, kept) == (zlib.decompressobj(31).decompress(kept), "truncated")


def test_a_truncated_zstd_keeps_its_whole_blocks():
    data = noise(1_000_000)
    packed = zstandard.compress(data)
    found, reason = unpacked(zstd_chunks, packed[: len(packed) // 2])
    assert reason == "truncated"
    assert data.startswith(found)
    assert len(found) > 300_000


def test_a_corrupt_gzip_keeps_what_came_before_the_break():
    first, second = gzip.compress(noise(50_000)), gzip.compress(b"never seen")
    assert unpacked(gzip_chunks, first + b"garbage" + second) == (noise(50_000), "corrupt")
    packer = zlib.compressobj(wbits=31)
    whole = packer.compress(noise(40_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    no_such_block = b"\x07"
    assert unpacked(gzip_chunks, whole + no_such_block + bytes(9)) == (noise(40_000), "corrupt")


def test_a_wrong_checksum_is_told():
    packed = bytearray(gzip.compress(b"text"))
    packed[-8] ^= 1
    assert unpacked(gzip_chunks, bytes(packed)) == (b"text", "corrupt")
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(b"text"))
    packed[-1] ^= 1
    assert unpacked(zstd_chunks, bytes(packed))[1] == "corrupt"


@each_format
def test_what_is_not_packed_at_all_is_corrupt(chunks):
    assert unpacked(chunks, b'{"text": "plain"}\n') == (b"", "corrupt")


@each_format
def test_no_chunk_is_larger_than_a_few_tens_of_megabytes(chunks):
    packed = PACKERS[chunks](bytes(200_000_000))
    sizes = [len(chunk) for chunk in chunks(io.BytesIO(packed))]
    assert sum(sizes) == 200_000_000
    assert max(sizes) < 34_000_000


def test_plain_bytes_come_from_where_they_are_asked_for():
    assert b"".join(plain_chunks(io.BytesIO(b"abcdef"), 2)) == b"cdef"

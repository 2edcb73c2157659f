import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.llm import store as store_module
from synth.llm.charge import Charge
from synth.llm.errors import StoreBroken
from synth.llm.segments import UNASKED, Record, SegmentName, SegmentWriter, encode, read_segment, segments
from synth.llm.store import Store, next_generation


def record(number: int, body: bytes = b"body", status: int = 200, tokens: int = 1) -> Record:
    return Record(f"{number:032x}", status, body, Charge(tokens, 10 * tokens))


def write(folder: Path, records: Iterable[Record], lane: int = 0, generation: int = 0) -> None:
    async def go() -> None:
        async with Store(folder, lane, generation) as store:
            await asyncio.gather(*(store.put(one) for one in records))

    asyncio.run(go())


def test_what_was_put_is_there_at_once_and_after_a_new_start(tmp_path: Path) -> None:
    async def go() -> None:
        async with Store(tmp_path, 0, 0) as store:
            await store.put(record(1, b"one"))
            assert store.get(record(1).key) == record(1, b"one")
            assert store.get(record(2).key) is None

    asyncio.run(go())
    assert Store(tmp_path, 0, 1).get(record(1).key) == record(1, b"one")


def test_a_put_returns_only_when_its_record_is_synced_to_disk(tmp_path: Path) -> None:
    synced: list[int] = []
    real = os.fsync

    def spy(file: int) -> None:
        real(file)
        synced.append(os.fstat(file).st_size)

    async def go() -> None:
        async with Store(tmp_path, 0, 0) as store:
            for number in range(3):
                await store.put(record(number))
                path = tmp_path / segments(tmp_path)[0].file
                assert synced[-1] == path.stat().st_size
                assert len(list(read_segment(path))) == number + 1

    with mock.patch("os.fsync", spy):
        asyncio.run(go())


def test_records_that_wait_together_share_a_sync(tmp_path: Path) -> None:
    with mock.patch("os.fsync", wraps=os.fsync) as fsync:
        write(tmp_path, map(record, range(1000)))
    assert fsync.call_count <= 4
    assert len(Store(tmp_path, 0, 1)) == 1000


@settings(max_examples=20)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5), st.data())
def test_a_tail_torn_at_any_byte_costs_the_torn_record_only(bodies: list[bytes], data: st.DataObject) -> None:
    whole = [record(number, body) for number, body in enumerate(bodies)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, whole)
        path = folder / segments(folder)[0].file
        content = path.read_bytes()
        cut = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[:cut])
        ends, at = [], len(b"ANSWERS1")
        for one in whole:
            at += len(encode(one))
            ends.append(at)
        kept = sum(end <= cut for end in ends)
        store = Store(folder, 0, 1)
        assert [store.get(one.key) for one in whole] == whole[:kept] + [None] * (len(whole) - kept)
        write(folder, whole, generation=1)
        assert [Store(folder, 0, 2).get(one.key) for one in whole] == whole


def test_a_tail_of_zeros_or_noise_is_no_record(tmp_path: Path) -> None:
    write(tmp_path, [record(1)])
    path = tmp_path / segments(tmp_path)[0].file
    for tail in (b"\0" * 5000, os.urandom(5000)):
        path.write_bytes(path.read_bytes() + tail)
        assert len(Store(tmp_path, 0, 1)) == 1


def test_a_lane_reads_the_answers_of_all_lanes(tmp_path: Path) -> None:
    for lane in range(3):
        write(tmp_path, [record(lane)], lane=lane)
    store = Store(tmp_path, 0, next_generation(tmp_path))
    assert [store.get(record(lane).key) for lane in range(3)] == [record(lane) for lane in range(3)]


def test_the_first_answer_to_a_question_stays_the_answer(tmp_path: Path) -> None:
    write(tmp_path, [record(1, b"first")], lane=0)
    write(tmp_path, [record(1, b"second")], lane=1)
    for lane in range(2):
        assert Store(tmp_path, lane, 1).get(record(1).key) == record(1, b"first")


def test_an_answer_takes_the_place_of_a_refusal_for_want_of_budget(tmp_path: Path) -> None:
    write(tmp_path, [record(1, b"poor", UNASKED)])
    assert Store(tmp_path, 0, 1).get(record(1).key) == record(1, b"poor", UNASKED)
    write(tmp_path, [record(1, b"answer")], generation=1)
    write(tmp_path, [record(1, b"poor again", UNASKED)], generation=2)
    assert Store(tmp_path, 0, 3).get(record(1).key) == record(1, b"answer")


@settings(max_examples=50)
@given(st.integers(1, 5), st.integers(1, 5), st.lists(st.integers(0, 1000), max_size=8))
def test_every_charge_counts_once_over_all_lanes(before: int, lanes: int, tokens: list[int]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for lane in range(before):
            writer = SegmentWriter(folder / SegmentName(0, lane, 0).file)
            mine = [(n, count) for n, count in enumerate(tokens) if n % before == lane]
            writer.append([encode(record(n, tokens=count)) for n, count in mine])
            writer.close()
        generation = next_generation(folder)
        carried = [Store(folder, lane, generation).carried(lanes, lane) for lane in range(lanes)]
        assert sum(charge.tokens for charge in carried) == sum(tokens)
        assert sum(charge.money for charge in carried) == 10 * sum(tokens)


def test_a_lane_that_is_started_again_counts_its_own_charges_and_no_other_lanes(tmp_path: Path) -> None:
    write(tmp_path, [record(1, tokens=5)], lane=0, generation=0)
    write(tmp_path, [record(2, tokens=7)], lane=1, generation=0)
    assert Store(tmp_path, 0, 0).carried(2, 0).tokens == 5
    assert Store(tmp_path, 1, 0).carried(2, 1).tokens == 7


def test_segments_roll_and_all_of_them_are_read(tmp_path: Path) -> None:
    async def go() -> None:
        async with Store(tmp_path, 0, 0) as store:
            for number in range(4):
                await store.put(record(number, b"x" * 100))
            assert [store.get(record(number).key) for number in range(4)] == [
                record(number, b"x" * 100) for number in range(4)
            ]

    with mock.patch.object(store_module, "SEGMENT_BYTES", 200):
        asyncio.run(go())
    assert segments(tmp_path) == [SegmentName(0, 0, 0), SegmentName(0, 0, 1)]
    assert len(Store(tmp_path, 0, 1)) == 4


def test_a_full_disk_ends_the_run_and_every_waiting_put_with_it(tmp_path: Path) -> None:
    async def go() -> None:
        async with Store(tmp_path, 0, 0) as store:
            await store.put(record(1))
            with mock.patch("os.fsync", side_effect=OSError(28, "No space left on device")):
                results = await asyncio.gather(
                    *(store.put(record(n)) for n in (2, 3)), return_exceptions=True
                )
            assert all(isinstance(result, StoreBroken) for result in results)
            with pytest.raises(StoreBroken, match="No space left"):
                await store.put(record(4))

    asyncio.run(go())
    assert Store(tmp_path, 0, 1).get(record(1).key) == record(1)


def test_an_answer_that_rots_on_disk_is_not_served_and_costs_no_other(tmp_path: Path) -> None:
    write(tmp_path, [record(number, b"x" * 100) for number in range(3)])
    store = Store(tmp_path, 0, 1)
    path = tmp_path / segments(tmp_path)[0].file
    content = bytearray(path.read_bytes())
    content[-len(encode(record(0, b"x" * 100))) - 1] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreBroken, match="damaged"):
        store.get(record(1).key)
    anew = Store(tmp_path, 0, 1)
    assert [anew.get(record(number).key) is None for number in range(3)] == [False, True, False]

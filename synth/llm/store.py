"""The answer store: what models said, durable before it is used, so that nothing is asked and paid for twice."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from .charge import NOTHING, Charge
from .errors import StoreBroken
from .segments import UNASKED, Record, SegmentName, SegmentWriter, encode, read_record, read_segment, segments
from .share import even

SEGMENT_BYTES = 64 * 2**20
_OFFSET_BITS = 40


def next_generation(folder: Path) -> int:
    """Number of the next start of the run: whoever starts the lanes asks once, and gives it to all of them."""
    return max((name.generation for name in segments(folder)), default=-1) + 1 if folder.exists() else 0


class Store:
    """One lane's door to the answers of all lanes and all earlier starts of the run.

    Of two records with one key the first counts, in the order of generation, lane and time; but UNASKED gives way
    to whatever comes after it. Answers are kept in memory as key and place only, about 140 bytes an answer; their
    text is read when it is asked for.
    """

    def __init__(self, folder: Path, lane: int, generation: int):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._segments = segments(folder)
        self._index: dict[bytes, int] = {}
        self._unasked: set[bytes] = set()
        self._own = self._earlier = NOTHING
        for number, name in enumerate(self._segments):
            self._read(number, name, lane, generation)
        mine = [name.number for name in self._segments if name[:2] == (generation, lane)]
        self._next = SegmentName(generation, lane, max(mine, default=-1) + 1)
        self._writer: SegmentWriter | None = None
        self._pending: list[Record] = []
        self._durable: asyncio.Future[None] | None = None
        self._committing: asyncio.Task[None] | None = None
        self._broken: StoreBroken | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="answers")

    def _read(self, number: int, name: SegmentName, lane: int, generation: int) -> None:
        for offset, record in read_segment(self.folder / name.file):
            self._put_in_index(record, number, offset)
            if name.generation < generation:
                self._earlier = self._earlier.plus(record.charge)
            elif (name.generation, name.lane) == (generation, lane):
                self._own = self._own.plus(record.charge)

    def _put_in_index(self, record: Record, number: int, offset: int) -> None:
        key = bytes.fromhex(record.key)
        if key not in self._index or key in self._unasked:
            self._index[key] = number << _OFFSET_BITS | offset
            if record.status == UNASKED:
                self._unasked.add(key)
            else:
                self._unasked.discard(key)

    def __len__(self) -> int:
        return len(self._index)

    def carried(self, lanes: int, lane: int) -> Charge:
        """What counts against this lane's share of the budget before it asks anything.

        That is its part of what earlier starts of the run have cost, and all that it has itself spent in this one,
        where it was started again. Over all lanes every charge counts once, whatever number of lanes made it.
        """
        earlier = Charge(*(even(total, lanes, lane) for total in self._earlier))
        return earlier.plus(self._own)

    def get(self, key: str) -> Record | None:
        """Raises StoreBroken where the record was damaged since the store was opened."""
        place = self._index.get(bytes.fromhex(key))
        if place is None:
            return None
        number, offset = place >> _OFFSET_BITS, place & (1 << _OFFSET_BITS) - 1
        try:
            return read_record(self.folder / self._segments[number].file, offset)
        except (OSError, ValueError) as error:
            raise StoreBroken(
                f"an answer can't be read again: {error}. Start the run again: it is asked anew, and only it"
            ) from error

    async def put(self, record: Record) -> None:
        """Returns when the record is on disk. Records that wait at the same time share one fsync.

        Raises StoreBroken where the disk does not take it.
        """
        if self._broken is not None:
            raise self._broken
        self._pending.append(record)
        if self._durable is None:
            self._durable = asyncio.get_running_loop().create_future()
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        await asyncio.shield(self._durable)

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            # What else arrives in this turn of the loop, and then during the commit, shares an fsync.
            await asyncio.sleep(0)
            records, self._pending = self._pending, []
            durable, self._durable = self._durable, None
            assert durable is not None
            try:
                places = await loop.run_in_executor(self._thread, self._append, records)
            except OSError as error:
                self._broken = StoreBroken(
                    f"{self.folder} takes no more answers: {error.strerror}. Those before are kept; mend that and "
                    "start the run again"
                )
                for waiting in (durable, self._durable):
                    if waiting is not None:
                        waiting.set_exception(self._broken)
                        waiting.exception()
                return
            for record, (number, offset) in zip(records, places, strict=True):
                self._put_in_index(record, number, offset)
            durable.set_result(None)
        self._committing = None

    def _append(self, records: list[Record]) -> list[tuple[int, int]]:
        if self._writer is not None and self._writer.size >= SEGMENT_BYTES:
            self._writer.close()
            self._writer = None
        if self._writer is None:
            self._writer = SegmentWriter(self.folder / self._next.file)
            self._segments.append(self._next)
            self._next = self._next._replace(number=self._next.number + 1)
        number = len(self._segments) - 1
        return [(number, offset) for offset in self._writer.append([encode(record) for record in records])]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Everything that was put is on disk, or its put has raised."""
        if self._committing is not None:
            await self._committing
        self._thread.shutdown()
        if self._writer is not None:
            self._writer.close()

import asyncio
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.synthesis import Budget
from synth.llm.limits import OPEN_EVERY, Limits
from synth.llm.share import share_of


class FastClock(asyncio.SelectorEventLoop):
    """Time goes on to the next timer whenever nothing is left to do."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.now = max(self.now, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=FastClock) as runner:
        return runner.run(coroutine)


def limits(**budget: Any) -> Limits:
    return Limits(share_of(Budget(**budget), 1, 0))


def most_in_a_minute(events: list[tuple[float, int]]) -> int:
    return max(sum(n for at, n in events if start <= at < start + 60) for start, _ in events)


@given(st.integers(1, 3000))
def test_no_minute_sees_more_requests_than_the_limit(per_minute: int) -> None:
    async def go() -> list[float]:
        gate, sent, clock = (
            limits(requests_per_minute=per_minute, connections=50),
            [],
            asyncio.get_running_loop(),
        )

        async def one() -> None:
            await gate.enter(1)
            sent.append(clock.time())
            gate.leave(0)

        await asyncio.gather(*(one() for _ in range(min(400, 3 * per_minute))))
        return sent

    assert most_in_a_minute([(at, 1) for at in run(go())]) <= per_minute


def test_the_request_limit_is_used_up() -> None:
    async def go() -> float:
        gate, clock = limits(requests_per_minute=600), asyncio.get_running_loop()
        began = clock.time()
        for _ in range(600):
            await gate.enter(1)
            gate.leave(0)
        return clock.time() - began

    assert run(go()) == pytest.approx(60, rel=0.01)


def test_no_minute_sees_more_tokens_than_the_limit_and_what_was_not_used_comes_back() -> None:
    async def go() -> tuple[list[tuple[float, int]], float]:
        gate, clock = limits(tokens_per_minute=60_000, connections=64), asyncio.get_running_loop()
        used: list[tuple[float, int]] = []
        began = clock.time()

        async def one() -> None:
            await gate.enter(1000)
            used.append((clock.time(), 250))
            await asyncio.sleep(1)
            gate.leave(750)

        await asyncio.gather(*(one() for _ in range(720)))
        return used, clock.time() - began

    used, seconds = run(go())
    assert most_in_a_minute(used) <= 60_000
    # 720 × 250 tokens are three minutes' worth; at the worst case they would take twelve.
    assert seconds < 240


def test_a_request_larger_than_a_minute_is_sent_all_the_same_and_paid_off() -> None:
    async def go() -> float:
        gate, clock = limits(tokens_per_minute=600), asyncio.get_running_loop()
        began = clock.time()
        for _ in range(2):
            await gate.enter(1200)
            gate.leave(0)
        return clock.time() - began

    assert run(go()) == pytest.approx(1200 / 9, rel=0.01)


def test_no_more_than_the_connections_are_in_flight() -> None:
    async def go() -> int:
        gate, now, most = limits(connections=3), 0, 0

        async def one() -> None:
            nonlocal now, most
            await gate.enter(1)
            now += 1
            most = max(most, now)
            await asyncio.sleep(1)
            now -= 1
            gate.leave(0)

        await asyncio.gather(*(one() for _ in range(20)))
        return most

    assert run(go()) == 3


def test_connections_are_opened_one_after_another_and_once() -> None:
    async def go() -> list[float]:
        gate, entered, clock = limits(connections=20), [], asyncio.get_running_loop()

        async def one() -> None:
            await gate.enter(1)
            entered.append(clock.time())
            await asyncio.sleep(1)
            gate.leave(0)

        await asyncio.gather(*(one() for _ in range(40)))
        return entered

    entered = run(go())
    gaps = [after - before for before, after in pairwise(entered)]
    assert gaps[:19] == pytest.approx([OPEN_EVERY] * 19)
    assert [later - earlier for earlier, later in zip(entered, entered[20:], strict=False)] == pytest.approx(
        [1] * 20
    )


def test_one_request_after_another_does_not_wait_for_connections_to_open() -> None:
    async def go() -> float:
        gate, clock = limits(connections=256), asyncio.get_running_loop()
        began = clock.time()
        for _ in range(256):
            await gate.enter(1)
            await asyncio.sleep(0.01)
            gate.leave(0)
        return clock.time() - began

    assert run(go()) == pytest.approx(2.56)


def test_what_comes_back_does_not_fill_the_bucket_past_its_brim() -> None:
    async def go() -> int:
        gate, clock = limits(tokens_per_minute=6000, connections=64), asyncio.get_running_loop()
        for _ in range(20):
            await gate.enter(600)
            gate.leave(600)
        began, sent = clock.time(), 0
        while clock.time() == began:
            await gate.enter(100)
            gate.leave(0)
            sent += clock.time() == began
        return sent

    assert run(go()) <= 6

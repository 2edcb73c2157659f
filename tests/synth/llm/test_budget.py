import asyncio

from hypothesis import given
from hypothesis import strategies as st

from schemas.synthesis import Budget
from synth.llm.budget import Spending
from synth.llm.charge import NOTHING, Charge
from synth.llm.share import share_of


def spending(tokens: int | None = None, carried: Charge = NOTHING) -> Spending:
    return Spending(share_of(Budget(tokens=tokens), 1, 0), carried)


def test_requests_fit_until_the_cap() -> None:
    async def go() -> None:
        purse = spending(tokens=20)
        assert [await purse.reserve(Charge(10, 0)) for _ in range(2)] == [True, True]

    asyncio.run(go())


def test_a_request_waits_for_those_that_may_turn_out_cheap() -> None:
    async def go() -> None:
        purse = spending(tokens=20)
        assert await purse.reserve(Charge(15, 0))
        second = asyncio.create_task(purse.reserve(Charge(15, 0)))
        await asyncio.sleep(0)
        assert not second.done()
        purse.settle(Charge(15, 0), Charge(5, 0))
        assert await second

    asyncio.run(go())


def test_after_the_first_refusal_nothing_is_sent() -> None:
    async def go() -> None:
        purse = spending(tokens=20)
        assert not await purse.reserve(Charge(21, 0))
        assert not await purse.reserve(Charge(1, 0))

    asyncio.run(go())


def test_all_who_wait_are_refused_when_the_money_is_spent() -> None:
    async def go() -> None:
        purse = spending(tokens=20)
        assert await purse.reserve(Charge(20, 0))
        waiting = [asyncio.create_task(purse.reserve(Charge(10, 0))) for _ in range(5)]
        await asyncio.sleep(0)
        purse.settle(Charge(20, 0), Charge(20, 0))
        assert await asyncio.gather(*waiting) == [False] * 5

    asyncio.run(go())


def test_what_was_spent_before_counts() -> None:
    async def go() -> None:
        assert not await spending(tokens=20, carried=Charge(15, 0)).reserve(Charge(6, 0))
        assert await spending(tokens=20, carried=Charge(15, 0)).reserve(Charge(5, 0))

    asyncio.run(go())


@given(
    st.integers(1, 500),
    st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1), st.integers(0, 3)), max_size=60),
)
def test_the_cap_holds_whatever_the_answers_cost(cap: int, requests: list[tuple[int, float, int]]) -> None:
    async def go() -> None:
        purse = spending(tokens=cap)

        async def one(worst: int, part: float, turns: int) -> None:
            if await purse.reserve(Charge(worst, 0)):
                for _ in range(turns):
                    await asyncio.sleep(0)
                purse.settle(Charge(worst, 0), Charge(int(worst * part), 0))

        await asyncio.gather(*(one(*request) for request in requests))
        assert purse.spent.tokens <= cap

    asyncio.run(go())

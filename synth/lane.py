"""A lane: one process and one event loop that works off its list of seeds."""

import asyncio
from collections.abc import Callable, Iterable

from synth.asking import Ask, AskError
from synth.recipes.recipe import Draft, Recipe, Rejected, Seed

Outcome = Draft | Rejected
Take = Callable[[Seed, Outcome], None]

# Seeds at work for each connection: some wait for the store or for a pause to end while others send.
SEEDS_A_CONNECTION = 2
# How far the list may be worked off past its oldest unfinished seed, in seeds at work; it bounds what is held.
AHEAD = 32


async def run_lane(items: Iterable[tuple[Seed, Recipe, Ask]], connections: int, take: Take) -> None:
    """Has every seed written by its recipe, which asks as it is told to; gives each outcome to `take` once, in the order of the list.

    A request without an answer becomes a Rejected with its reason. The next seed begins whenever one ends, so
    connections are idle at the end of the list only. At most 2 × connections × AHEAD outcomes are held.

    Raises whatever else a recipe or `take` raises, synth.llm.errors.Stop among it; outcomes before it were taken.
    """
    window = SEEDS_A_CONNECTION * connections
    in_order = _InOrder(take, window * AHEAD)
    numbered = enumerate(items)

    async def work() -> None:
        for number, (seed, recipe, ask) in numbered:
            await in_order.near(number)
            in_order.add(number, seed, await _outcome(seed, recipe, ask))

    workers = [asyncio.create_task(work()) for _ in range(window)]
    try:
        for worker in asyncio.as_completed(workers):
            await worker
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _outcome(seed: Seed, recipe: Recipe, ask: Ask) -> Outcome:
    try:
        return await recipe.write(seed, ask)
    except AskError as error:
        return Rejected(error.reason, (error.key,), str(error))


class _InOrder:
    """Holds outcomes until all before them were taken."""

    def __init__(self, take: Take, ahead: int):
        self._take = take
        self._ahead = ahead
        self._held: dict[int, tuple[Seed, Outcome]] = {}
        self._next = 0
        self._moved = asyncio.Event()

    async def near(self, number: int) -> None:
        """Returns when `number` is less than `ahead` from the oldest unfinished seed."""
        while number >= self._next + self._ahead:
            self._moved.clear()
            await self._moved.wait()

    def add(self, number: int, seed: Seed, outcome: Outcome) -> None:
        self._held[number] = (seed, outcome)
        while self._next in self._held:
            self._take(*self._held.pop(self._next))
            self._next += 1
        self._moved.set()

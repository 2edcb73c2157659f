import asyncio
import random
from collections.abc import Iterator

import pytest

from schemas.synthesis import Model, RecipeUse
from synth.asking import Answer, Ask, AskError, Prompt
from synth.lane import AHEAD, SEEDS_A_CONNECTION, Outcome, run_lane
from synth.llm.errors import ServerDown
from synth.recipes.recipe import Draft, Recipe, Rejected, Seed
from tests.synth.lanes import Echo, seed_of

ECHO = Echo(RecipeUse(recipe="echo", model="m", seeds=1), Model(gguf="m"))


def text_of(prompt: Prompt) -> str:
    assert not isinstance(prompt.content, str)
    return prompt.content[0].content


def run(ask: Ask, seeds: int, connections: int = 4) -> list[tuple[Seed, Outcome]]:
    taken: list[tuple[Seed, Outcome]] = []
    items = ((seed_of(number), ECHO, ask) for number in range(seeds))
    asyncio.run(run_lane(items, connections, lambda seed, outcome: taken.append((seed, outcome))))
    return taken


def test_outcomes_come_once_each_in_the_order_of_the_list() -> None:
    chance = random.Random(0)

    async def ask(prompt: Prompt) -> Answer:
        for _ in range(chance.randrange(20)):
            await asyncio.sleep(0)
        return Answer("k", text_of(prompt), "stop", 1, 1)

    taken = run(ask, 500)
    assert [seed for seed, _ in taken] == [seed_of(number) for number in range(500)]
    assert [outcome.text for _, outcome in taken if isinstance(outcome, Draft)] == [s.text for s, _ in taken]


def test_a_request_without_an_answer_rejects_its_seed_with_the_reason() -> None:
    async def ask(prompt: Prompt) -> Answer:
        raise AskError("http_500", "abc", "busy")

    assert {outcome for _, outcome in run(ask, 5)} == {Rejected("http_500", ("abc",), "busy")}


def test_the_next_seed_begins_whenever_one_ends() -> None:
    slow = asyncio.Event()
    asked: list[str] = []

    async def ask(prompt: Prompt) -> Answer:
        asked.append(text_of(prompt))
        if text_of(prompt) == "seed 0":
            await slow.wait()
        elif len(asked) == 100:
            slow.set()
        return Answer("k", text_of(prompt), "stop", 1, 1)

    assert len(run(ask, 100, connections=2)) == 100


def test_what_is_held_behind_a_slow_seed_is_bounded() -> None:
    begun = 0
    slow = asyncio.Event()

    def items() -> Iterator[tuple[Seed, Recipe, Ask]]:
        nonlocal begun
        for number in range(10_000):
            begun += 1
            yield seed_of(number), ECHO, ask

    async def ask(prompt: Prompt) -> Answer:
        if text_of(prompt) == "seed 0":
            await slow.wait()
        return Answer("k", "text", "stop", 1, 1)

    async def go() -> None:
        taken: list[Outcome] = []
        lane = asyncio.create_task(run_lane(items(), 1, lambda _, outcome: taken.append(outcome)))
        for _ in range(1000):
            await asyncio.sleep(0)
        assert taken == []
        assert begun <= SEEDS_A_CONNECTION * AHEAD + SEEDS_A_CONNECTION
        slow.set()
        await lane
        assert len(taken) == 10_000

    asyncio.run(go())


def test_what_ends_the_run_ends_the_lane_and_leaves_no_seed_at_work() -> None:
    at_work = 0
    taken: list[Outcome] = []

    async def ask(prompt: Prompt) -> Answer:
        nonlocal at_work
        number = int(text_of(prompt).split()[1])
        if number < 3:
            return Answer("k", "text", "stop", 1, 1)
        if number == 5:
            raise ServerDown("gone")
        at_work += 1
        try:
            await asyncio.sleep(3600)
        finally:
            at_work -= 1
        raise AssertionError

    async def go() -> None:
        items = ((seed_of(number), ECHO, ask) for number in range(100))
        with pytest.raises(ServerDown):
            await run_lane(items, 4, lambda _, outcome: taken.append(outcome))
        assert at_work == 0
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(go())
    assert len(taken) == 3


def test_an_empty_list_is_a_lane_without_outcomes() -> None:
    async def ask(prompt: Prompt) -> Answer:
        raise AssertionError

    assert run(ask, 0) == []

"""A whole lane against a real server; as a command, for a process that can be killed.

    python -m tests.synth.lanes URL FOLDER --seeds 1000 --connections 32

prints the outcomes, one JSON line each, in the order of the list.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from schemas.synthesis import Budget, Model, Price, RecipeUse
from synth.asking import Ask, Message, Prompt, Sampling
from synth.lane import Outcome, run_lane
from synth.llm.asker import Asker
from synth.llm.budget import Spending
from synth.llm.client import Client
from synth.llm.limits import Limits
from synth.llm.share import share_of
from synth.llm.store import Store, next_generation
from synth.recipes.recipe import Draft, Rejected, Seed

FREE = Price(input=0, output=0)


def prompt_of(text: str, max_tokens: int = 16, attempt: int = 0) -> Prompt:
    return Prompt((Message("user", text),), Sampling(max_tokens=max_tokens), attempt=attempt)


def seed_of(number: int) -> Seed:
    text = f"seed {number}"
    return Seed(number, str(number), text, 0, len(text))


class Echo:
    """Writes down what the model says of a seed."""

    bucket = "synthetic"

    def __init__(self, use: RecipeUse, model: Model):
        self.max_tokens = use.max_tokens

    async def write(self, seed: Seed, ask: Ask) -> Draft | Rejected:
        answer = await ask(prompt_of(seed.text, self.max_tokens))
        return Draft(answer.text, (answer.key,))


def model_at(url: str, price: Price | None = FREE, api_key_env: str | None = None) -> Model:
    return Model(url=url, model="m", price=price, api_key_env=api_key_env)


@asynccontextmanager
async def asking(
    model: Model, folder: Path, budget: Budget, lanes: int = 1, lane: int = 0, generation: int | None = None
) -> AsyncIterator[Asker]:
    assert model.url is not None
    start = next_generation(folder) if generation is None else generation
    share = share_of(budget, lanes, lane)
    async with (
        Store(folder, lane, start) as store,
        Client(model, model.url, budget.timeout) as client,
    ):
        yield Asker(client, store, Limits(share), Spending(share, store.carried(lanes, lane)), budget.tries)


async def outcomes_of(asker: Asker, seeds: range, connections: int) -> list[Outcome]:
    recipe = Echo(RecipeUse(recipe="echo", model="m", seeds=1, max_tokens=16), Model(gguf="m"))
    outcomes: list[Outcome] = []
    await run_lane(
        ((seed_of(n), recipe, asker) for n in seeds), connections, lambda _, outcome: outcomes.append(outcome)
    )
    return outcomes


async def _main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    given = parser.parse_args()
    budget = Budget(connections=given.connections)
    async with asking(model_at(given.url), given.folder, budget) as asker:
        for outcome in await outcomes_of(asker, range(given.seeds), given.connections):
            text = outcome.text if isinstance(outcome, Draft) else outcome.reason
            print(json.dumps([text, *outcome.answers]))


if __name__ == "__main__":
    asyncio.run(_main())

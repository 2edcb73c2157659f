"""Both recipes with a small real model, through client, store and lane."""

import asyncio
from pathlib import Path

import pytest

from schemas.synthesis import Budget, Model, RecipeUse
from synth.lane import Outcome, run_lane
from synth.llm.asker import Asker
from synth.llm.budget import Spending
from synth.llm.client import Client
from synth.llm.embedded import find_gguf, identity, serving
from synth.llm.limits import Limits
from synth.llm.share import share_of
from synth.llm.store import Store, next_generation
from synth.recipes.recipe import Draft, Rejected
from synth.recipes.registry import RECIPES, recipe
from synth.seeds import seeds
from synth.validators.talk import out_of_role
from tests.synth.llm.test_embedded import PACKAGE, needs_model

PAGE = """\
Home

News

Contact

Mezcal and tequila

To be called tequila, a spirit must be distilled from the blue agave plant, which grows in Jalisco and a few other \
places. Makers may add other sugars, such as cane or grain, up to a share of 49 percent. Mezcal can be made from any \
species of agave, but it must be pure. Most of it comes from Oaxaca.

The prices of electricity change with the amount that must pass through the wires. The more electricity a line has \
to carry, the higher is its price, much like a toll that rises on a crowded highway. When a fire closed one of the \
lines near the lake, prices on the others went up for two days.
"""


async def outcomes(model: Model, url: str, folder: Path) -> tuple[list[Outcome], int]:
    """What both recipes make of the page's passages, and how many requests were sent."""
    budget = Budget(timeout=120, tries=1)
    share = share_of(budget, 1, 0)
    taken: list[Outcome] = []
    passages = seeds(1, "page", PAGE, 70)
    assert len(passages) == 2
    uses = [
        RecipeUse(recipe=name, model="m", seeds=2, seed_words=70, max_tokens=64, temperature=0.4)
        for name in RECIPES
    ]
    async with Store(folder, 0, next_generation(folder)) as store, Client(model, url, 120) as client:
        asker = Asker(client, store, Limits(share), Spending(share, store.carried(1, 0)), budget.tries)
        work = [(seed, recipe(use, model), asker) for use in uses for seed in passages]
        await run_lane(work, model.slots, lambda _, outcome: taken.append(outcome))
        for outcome in taken:
            assert outcome.answers
            assert all(store.get(key) is not None for key in outcome.answers)
    return taken, asker.counters.requests


@pytest.mark.slow
@needs_model
def test_a_model_s_answers_become_documents_or_reasons_and_the_same_ones_again_from_the_store(
    tmp_path: Path,
) -> None:
    file = find_gguf(PACKAGE)
    model = Model(gguf=identity(file), endpoint="completion", context=1024, slots=4)
    with serving(file, context=model.context, slots=model.slots) as url:
        first, sent = asyncio.run(outcomes(model, url, tmp_path))
    assert len(first) == 4
    assert sent >= 4
    for outcome in first:
        assert isinstance(outcome, Draft | Rejected)
        if isinstance(outcome, Draft):
            assert outcome.text
            assert out_of_role(outcome.text) is None
        else:
            assert outcome.reason
    # The server is gone: all comes from the store.
    assert asyncio.run(outcomes(model, url, tmp_path)) == (first, 0)

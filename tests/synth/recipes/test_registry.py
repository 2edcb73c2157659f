import pytest

from schemas.synthesis import Model, RecipeUse
from synth.recipes.exercise import Exercise
from synth.recipes.registry import recipe
from synth.recipes.rewrite_web import RewriteWeb

MODEL = Model(gguf="a.gguf")


def use(name: str) -> RecipeUse:
    return RecipeUse(recipe=name, model="m", seeds=1)


def test_recipes_are_found_by_name() -> None:
    assert isinstance(recipe(use("rewrite_web"), MODEL), RewriteWeb)
    assert isinstance(recipe(use("exercise"), MODEL), Exercise)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exercises", "did you mean exercise?"),
        ("web_rewrite", "did you mean rewrite_web?"),
        ("poem", "known: rewrite_web, exercise"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"no recipe is named {name}; {said}".replace("?", r"\?")):
        recipe(use(name), MODEL)


def test_recipes_have_fingerprints_of_their_own() -> None:
    assert recipe(use("rewrite_web"), MODEL).fingerprint() != recipe(use("exercise"), MODEL).fingerprint()

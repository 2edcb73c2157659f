"""The recipes by name."""

import difflib

from schemas.synthesis import Model, RecipeUse
from synth.recipes import exercise, rewrite_web
from synth.recipes.recipe import Recipe

RECIPES: dict[str, type[Recipe]] = {
    rewrite_web.NAME: rewrite_web.RewriteWeb,
    exercise.NAME: exercise.Exercise,
}


def recipe(use: RecipeUse, model: Model) -> Recipe:
    """The recipe that a configuration names, for its model.

    Raises:
        ValueError: there is no recipe of that name.
    """
    if use.recipe not in RECIPES:
        near = difflib.get_close_matches(use.recipe, RECIPES, 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(RECIPES)}"
        raise ValueError(f"no recipe is named {use.recipe}; {hint}")
    return RECIPES[use.recipe](use, model)

"""What a generated document says of its origin."""

from pathlib import PurePath

from schemas.synthesis import Model


def provenance(recipe: str, version: int, model: Model) -> dict[str, str]:
    """A document's metadata: recipe, version of its prompts and checks, and the model, by name and never by place."""
    name = model.model or PurePath(model.gguf or "").name
    return {"recipe": recipe, "recipe_version": str(version), "model": name}

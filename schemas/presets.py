"""Presets: named sets of filters with the thresholds that the field publishes.

The files beside this one, `presets/NAME.yaml`, hold `filters`: conditions over the columns of the view `signals`
that a kept document meets, by the name that its drop reason gets.
"""

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, model_validator

from schemas.section import Section

_FOLDER = Path(__file__).parent / "presets"


class Preset(Section):
    """One set of filters, and the documents that it is for."""

    use: str = Field(description="Name of a preset that ships, or path of a YAML file with `filters`.")
    where: str = Field(
        "bucket = 'web'",
        description="SQL condition over the columns of the view `signals`; the filters drop none but these documents.",
    )
    filters: dict[str, str] = Field(
        default_factory=dict, description="The preset's conditions; read from its file where not given."
    )

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        """A bare name is short for `use`; the file is read once, so that a stored config stands alone."""
        if isinstance(given, str):
            given = {"use": given}
        if isinstance(given, dict) and isinstance(given.get("use"), str) and not given.get("filters"):
            return {**given, "filters": _filters(given["use"])}
        return given

    def conditions(self) -> dict[str, str]:
        """What a kept document meets, by drop reason: it is none of `where`, or it meets the filter.

        Where the filter's condition is NULL, for want of the fact, so is the whole.
        """
        return {
            name: f"(\n{self.where}\n) IS NOT TRUE OR (\n{condition}\n)"
            for name, condition in self.filters.items()
        }


def shipped_presets() -> list[str]:
    """Names of the presets that ship."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def _filters(use: str) -> dict[str, str]:
    path = _FOLDER / f"{use}.yaml" if use in shipped_presets() else Path(use).expanduser()
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise ValueError(
            f"{use} is neither a preset ({', '.join(shipped_presets())}) nor a file that can be read"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    filters = raw.get("filters") if isinstance(raw, dict) else None
    if not isinstance(filters, dict) or not filters or not all(isinstance(c, str) for c in filters.values()):
        raise ValueError(f"{path}: a preset is a mapping with `filters`, conditions by name")
    return filters

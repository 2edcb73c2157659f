"""The base of every section of the configuration: unknown keys are refused, nothing changes once read."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

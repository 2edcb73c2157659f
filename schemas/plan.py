"""The plan: every input file, cut into splits, before anything is read."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Format = Literal["jsonl", "jsonl.gz", "jsonl.zst", "parquet"]


class PlanModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputFile(PlanModel):
    """One input file as it was when it was planned; a later change of it ends the run."""

    path: str
    input: int
    format: Format
    size: int
    version: str


class Piece(PlanModel):
    """A range of one file: bytes of plain JSONL, row groups of Parquet, 0 to 0 for a whole file."""

    file: int
    start: int
    end: int


class Split(PlanModel):
    """A unit of reading. `doc` = split << 32 | row. Splits are never renumbered: new data adds splits,
    with the next batch number."""

    split: int
    batch: int
    bytes: int
    pieces: tuple[Piece, ...]


class Plan(PlanModel):
    version: int = 1
    files: tuple[InputFile, ...]
    splits: tuple[Split, ...]

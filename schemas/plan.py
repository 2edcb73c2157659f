"""The plan: every input file, cut into splits, before anything is read."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Format = Literal["jsonl", "jsonl.gz", "jsonl.zst", "parquet", "warc", "warc.gz", "text", "code", "html"]
TABLE_FORMATS: frozenset[Format] = frozenset(("jsonl", "jsonl.gz", "jsonl.zst", "parquet"))
"""Formats whose records have columns, named in the config."""
DOCUMENT_FORMATS: frozenset[Format] = frozenset(("text", "code", "html"))
"""Formats of which one file is one document. The others hold any number of records."""


class PlanModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputFile(PlanModel):
    """One input file as it was when it was planned; a later change of it ends the run.

    name: its path relative to the input's folder: the id of a document that is a file.
    """

    path: str
    name: str = ""
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


class PassedOver(PlanModel):
    """Files that an input leads to and that are not read, all for one reason.

    why: one of WHY_PASSED_OVER; paths: the first few of them, by path.
    """

    input: int
    why: str
    count: int
    paths: tuple[str, ...]


WHY_PASSED_OVER = {
    "hidden": "hidden files and folders, such as .git",
    "tool_folder": "files in folders that tools fill, such as node_modules and __pycache__",
    "unknown_format": "files whose name tells no known format, such as images",
    "not_a_file": "pipes, devices and sockets",
    "folder_link": "links to folders: name the folder itself as an input",
    "broken_link": "links that lead nowhere or in a circle",
    "name_not_utf8": "files whose name is not UTF-8: rename them",
}


class Plan(PlanModel):
    version: int = 1
    files: tuple[InputFile, ...]
    splits: tuple[Split, ...]
    passed_over: tuple[PassedOver, ...] = ()

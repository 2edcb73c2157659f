"""Receipts: data without one does not exist."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class WrittenFile(BaseModel):
    """A file as it was committed: path relative to the run, bytes, SHA-256, rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    bytes: int
    sha256: str
    rows: int


class Receipt(BaseModel):
    """One task's word that its files are whole. Written after them.

    `counts` hold what went in and what came of it; `details` what later stages and the report need.
    `seconds` and `peak_bytes` are for the report only: no decision reads them.
    """

    model_config = ConfigDict(extra="forbid")

    stage: str
    task: str
    fingerprint: str
    files: list[WrittenFile]
    counts: dict[str, int]
    details: dict[str, Any] = {}
    seconds: float = 0.0
    peak_bytes: int = 0

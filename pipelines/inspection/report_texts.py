"""The beginnings of the few documents that a report quotes."""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

_CHARACTERS = 20_000


@dataclass(frozen=True)
class Beginning:
    """A document's id and bucket, and the first 20,000 characters of its text."""

    id: str
    bucket: str
    text: str


def read_beginnings(con: duckdb.DuckDBPyConnection, docs: Iterable[int]) -> dict[int, Beginning]:
    """By doc; one scan of the row groups that hold the documents."""
    among = ", ".join(map(str, sorted(set(docs))))
    if not among:
        return {}
    rows = con.execute(
        f"SELECT doc, id, bucket, left(text, {_CHARACTERS}) FROM documents WHERE doc IN ({among})"
    ).fetchall()
    return {doc: Beginning(id, bucket, text) for doc, id, bucket, text in rows}

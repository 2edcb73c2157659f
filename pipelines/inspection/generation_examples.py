"""A few documents that models wrote beside their seeds, and one answer of every kind that was rejected."""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from .excerpts import readable

EXAMPLES = 3
TEXT_CHARACTERS = 600


@dataclass(frozen=True)
class WrittenExample:
    """A generated document beside its seed; both cut to 600 characters.

    follows_seed: the document begins with all of the seed, and `text` is what follows. drop_reason: None for kept.
    """

    doc: int
    id: str
    seed: str
    text: str
    follows_seed: bool
    drop_reason: str | None


@dataclass(frozen=True)
class RejectedExample:
    """A seed without a document, and what its last request gave.

    answer: None where it has none, for `detail`, or where nothing was asked.
    """

    seed_id: str
    seed: str
    answer: str | None
    detail: str


def choose_written(con: duckdb.DuckDBPyConnection) -> dict[str, list[WrittenExample]]:
    """Up to three documents by recipe: spread over the work list, and the same every time."""
    chosen = con.execute(
        f"SELECT recipe, arg_min([ordinal, doc], md5(ordinal::VARCHAR), {EXAMPLES}) FROM outcomes "
        "WHERE doc IS NOT NULL GROUP BY ALL"
    ).fetchall()
    pairs = [pair for _, own in chosen for pair in own]
    seeds, docs = _among("ordinal", (pair[0] for pair in pairs)), _among("doc", (pair[1] for pair in pairs))
    rows = con.execute(
        f"""
        SELECT doc, written.id, left(seeds.text, {TEXT_CHARACTERS + 1}),
          starts_with(written.text, seeds.text) AS follows,
          left(CASE WHEN follows THEN ltrim(substr(written.text, length(seeds.text) + 1), chr(10) || ' ')
            ELSE written.text END, {TEXT_CHARACTERS + 1}),
          drop_reason
        FROM (SELECT doc, id, text FROM documents WHERE {docs}) AS written
        JOIN (SELECT doc, ordinal FROM outcomes WHERE {docs}) USING (doc)
        JOIN (SELECT ordinal, text FROM seeds WHERE {seeds}) AS seeds USING (ordinal)
        JOIN (SELECT doc, drop_reason FROM selection WHERE {docs}) USING (doc)
        """
    ).fetchall()
    examples = {
        doc: WrittenExample(
            doc, id, readable(seed, TEXT_CHARACTERS), readable(text, TEXT_CHARACTERS), follows, reason
        )
        for doc, id, seed, follows, text, reason in rows
    }
    return {recipe: [examples[doc] for _, doc in own if doc in examples] for recipe, own in chosen}


def choose_rejected(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], RejectedExample]:
    """One seed by recipe and reason, the same every time."""
    chosen = con.execute(
        "SELECT recipe, reason, arg_min(ordinal, md5(ordinal::VARCHAR)) FROM outcomes "
        "WHERE reason IS NOT NULL GROUP BY ALL"
    ).fetchall()
    among = _among("ordinal", (ordinal for *_, ordinal in chosen))
    rows = con.execute(
        f"""
        SELECT ordinal, id, left(seeds.text, {TEXT_CHARACTERS + 1}), left(answer, {TEXT_CHARACTERS + 1}), detail
        FROM (SELECT ordinal, id, text FROM seeds WHERE {among}) AS seeds
        JOIN (SELECT ordinal, detail FROM outcomes WHERE {among}) USING (ordinal)
        LEFT JOIN (
          SELECT ordinal, answer FROM requests WHERE {among}
          QUALIFY row_number() OVER (PARTITION BY ordinal ORDER BY question DESC) = 1
        ) USING (ordinal)
        """
    ).fetchall()
    examples = {
        ordinal: RejectedExample(
            id,
            readable(seed, TEXT_CHARACTERS),
            None if answer is None else readable(answer.strip(), TEXT_CHARACTERS),
            detail or "",
        )
        for ordinal, id, seed, answer, detail in rows
    }
    return {(recipe, reason): examples[ordinal] for recipe, reason, ordinal in chosen if ordinal in examples}


def _among(column: str, numbers: Iterable[int]) -> str:
    listed = ", ".join(map(str, numbers))
    return f"{column} IN ({listed})" if listed else "false"

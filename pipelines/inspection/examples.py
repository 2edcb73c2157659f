"""A few documents of every fate, to be read."""

from dataclasses import dataclass

import duckdb

from .excerpts import Change, readable, word_changes

EXAMPLES = 3
TEXT_CHARACTERS = 300
_DIFF_CHARACTERS = 20_000


@dataclass(frozen=True)
class Kept:
    """The kept document that a near-duplicate is near, and the first changes from it."""

    id: str
    text: str
    similarity: float
    changes: list[Change]


@dataclass(frozen=True)
class Match:
    """The benchmark item that decided a verdict, and the words it shares with the document."""

    rule: str
    item: str
    ratio: float
    segment: str


@dataclass(frozen=True)
class Example:
    """One document: its first 300 characters and, where it was dropped for it, what it is near or holds."""

    doc: int
    id: str
    source: str
    bucket: str
    text: str
    kept: Kept | None
    match: Match | None


def choose_examples(con: duckdb.DuckDBPyConnection) -> dict[tuple[str | None, str | None], list[Example]]:
    """Up to three documents by (drop_reason, component): spread over the run, and the same every time."""
    chosen = con.execute(
        f"SELECT drop_reason, component, arg_min(doc, md5(doc::VARCHAR), {EXAMPLES}) FROM selection GROUP BY ALL"
    ).fetchall()
    docs = sorted({doc for *_, docs in chosen for doc in docs})
    rows = con.execute(
        "SELECT doc, id, source, bucket, kept_doc, kept_id, similarity, drop_reason, rule, benchmark, item_id, ratio, "
        f"segment FROM selection WHERE {_among(docs)}"
    ).fetchall()
    texts = dict(
        con.execute(
            f"SELECT doc, left(text, {_DIFF_CHARACTERS}) FROM documents "
            f"WHERE {_among(sorted({*docs, *(row[4] for row in rows if row[4] is not None)}))}"
        ).fetchall()
    )
    examples = {row[0]: _example(row, texts) for row in rows}
    return {(reason, component): [examples[doc] for doc in docs] for reason, component, docs in chosen}


def _example(row: tuple, texts: dict[int, str]) -> Example:
    doc, id, source, bucket, kept_doc, kept_id, similarity, reason, rule, benchmark, item, ratio, segment = (
        row
    )
    text = texts[doc]
    kept = match = None
    if reason == "near_duplicate" and kept_doc in texts:
        near = texts[kept_doc]
        kept = Kept(kept_id, readable(near, TEXT_CHARACTERS), similarity, word_changes(near, text))
    if reason in ("contaminated", "partial") and rule is not None:
        match = Match(rule, f"{benchmark}/{item}", ratio, readable(segment or "", TEXT_CHARACTERS))
    return Example(doc, id, source, bucket, readable(text, TEXT_CHARACTERS), kept, match)


def _among(docs: list[int]) -> str:
    return f"doc IN ({', '.join(map(str, docs))})" if docs else "false"

"""A few documents of every fate, to be read."""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from pipelines.selection import BLOCKED, NEAR_DUPLICATE

from .excerpts import readable
from .report_texts import Beginning
from .word_diff import Stretch, word_diff

EXAMPLES = 3
TEXT_CHARACTERS = 400
_A_BUCKET = 2

Fate = tuple[str | None, str | None]
"""drop_reason and component, one of which is None."""


@dataclass(frozen=True)
class Near:
    """The kept document that a near-duplicate is near, and how the dropped one differs from it; no changes
    where no word does."""

    id: str
    similarity: float
    changes: list[Stretch]


@dataclass(frozen=True)
class Match:
    """The benchmark item that decided a verdict, and the words it shares with the document."""

    rule: str
    item: str
    ratio: float
    segment: str


@dataclass(frozen=True)
class Example:
    """One document: its first 400 characters and, where it was dropped for it, what it is near, what it holds,
    or the entry of a block list that its URL meets."""

    doc: int
    id: str
    source: str
    bucket: str
    language: str | None
    tokens: int | None
    text: str
    blocked_by: str | None
    near: Near | None
    match: Match | None


@dataclass(frozen=True)
class ChosenExamples:
    """Which documents to show, before their texts are read.

    docs: by fate. facts: by doc, the row of `selection`.
    """

    docs: dict[Fate, list[int]]
    facts: dict[int, tuple]

    def all_docs(self) -> Iterable[int]:
        """Those to show and those they are near."""
        for doc, row in self.facts.items():
            yield doc
            if row[_KEPT_DOC] is not None:
                yield row[_KEPT_DOC]


_COLUMNS = "doc, kept_doc, source, bucket, language, n_tokens, similarity, drop_reason, rule, benchmark, item_id, ratio, segment, blocked_by"
_KEPT_DOC = 1


def choose_examples(con: duckdb.DuckDBPyConnection, seed: int) -> ChosenExamples:
    """Up to three documents by fate, of as many buckets as there are: spread over the run by a hash of their
    numbers and the seed, and the same every time."""
    rows = con.execute(
        f"SELECT drop_reason, component, bucket, arg_min(doc, hash(doc, {seed}), {_A_BUCKET}) "
        "FROM selection GROUP BY ALL ORDER BY drop_reason, component, count(*) DESC, bucket"
    ).fetchall()
    turns: dict[Fate, list[list[int]]] = {}
    for reason, component, _, docs in rows:
        turns.setdefault((reason, component), []).append(docs)
    chosen = {
        fate: [docs[k] for k in range(_A_BUCKET) for docs in buckets if k < len(docs)][:EXAMPLES]
        for fate, buckets in turns.items()
    }
    among = ", ".join(str(doc) for docs in chosen.values() for doc in docs)
    facts = con.execute(f"SELECT {_COLUMNS} FROM selection WHERE doc IN ({among or 'NULL'})").fetchall()
    return ChosenExamples(chosen, {row[0]: row for row in facts})


def make_examples(chosen: ChosenExamples, texts: dict[int, Beginning]) -> dict[Fate, list[Example]]:
    """texts: of `chosen.all_docs()`."""
    return {fate: [_example(chosen.facts[doc], texts) for doc in docs] for fate, docs in chosen.docs.items()}


def _example(row: tuple, texts: dict[int, Beginning]) -> Example:
    doc, kept_doc, source, bucket, language, tokens, similarity, reason, *found, entry = row
    rule, benchmark, item, ratio, segment = found
    own = texts[doc]
    near = match = None
    if reason == NEAR_DUPLICATE and kept_doc in texts:
        kept = texts[kept_doc]
        near = Near(kept.id, similarity, word_diff(kept.text, own.text))
    if reason in ("contaminated", "partial") and rule is not None:
        match = Match(rule, f"{benchmark}/{item}", ratio, readable(segment or "", TEXT_CHARACTERS))
    text = readable(own.text, TEXT_CHARACTERS)
    blocked_by = entry if reason == BLOCKED else None
    return Example(doc, own.id, source, bucket, language, tokens, text, blocked_by, near, match)

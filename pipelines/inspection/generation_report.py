"""What came of the seeds that models were given: sums by recipe, and a few answers to be read."""

from dataclasses import dataclass

import duckdb

from schemas.documents import ROW_BITS
from schemas.generation import FIRST_GENERATED_SPLIT
from synth.llm.asker import NO_BUDGET

from .excerpts import readable

EXAMPLES = 3
TEXT_CHARACTERS = 600
_FIRST_GENERATED = FIRST_GENERATED_SPLIT << ROW_BITS

_RECIPES = """
SELECT recipe, outcomes.bucket, model, seeds, written
FROM (SELECT recipe, bucket, min(ordinal) AS first, count(doc) AS written FROM outcomes GROUP BY ALL) AS outcomes
LEFT JOIN (SELECT recipe, count(*) AS seeds FROM seeds GROUP BY ALL) USING (recipe)
LEFT JOIN (
  SELECT recipe, min(model) AS model FROM requests JOIN outcomes USING (ordinal) GROUP BY ALL
) USING (recipe)
ORDER BY first
"""
_REJECTED = """
SELECT recipe, reason, count(*) FROM outcomes WHERE reason IS NOT NULL GROUP BY ALL ORDER BY 3 DESC, 2
"""
# Seeds of the same text share a request: it was sent, and paid for, once.
_SENT = f"""
SELECT recipe, count(*), coalesce(sum(prompt_tokens), 0)::BIGINT, coalesce(sum(completion_tokens), 0)::BIGINT
FROM (
  SELECT DISTINCT recipe, key, prompt_tokens, completion_tokens FROM requests JOIN outcomes USING (ordinal)
  WHERE failure IS DISTINCT FROM '{NO_BUDGET}'
) GROUP BY ALL
"""
_FATES = f"""
SELECT recipe, drop_reason, count(*)
FROM (SELECT doc, drop_reason FROM selection WHERE doc >= {_FIRST_GENERATED}) JOIN outcomes USING (doc)
GROUP BY ALL ORDER BY 3 DESC, 2
"""


@dataclass(frozen=True)
class RecipeFunnel:
    """One recipe's way from seeds to kept documents: seeds = written + rejected, written = dropped + kept.

    model: its name in the config. rejected: seeds without a document, by reason. requests: those that were sent,
    and the tokens of their answers. dropped: written documents by the later rule that drops them.
    """

    recipe: str
    bucket: str
    model: str
    seeds: int
    written: int
    rejected: dict[str, int]
    requests: int
    prompt_tokens: int
    completion_tokens: int
    dropped: dict[str, int]
    kept: int

    @property
    def total_rejected(self) -> int:
        return sum(self.rejected.values())

    def mismatches(self) -> list[str]:
        """Sums that do not add up, as sentences."""
        found = []
        if self.seeds != self.written + self.total_rejected:
            found.append(
                f"{self.recipe} was given {self.seeds:,} seeds, {self.written + self.total_rejected:,} are accounted for"
            )
        judged = sum(self.dropped.values()) + self.kept
        if self.written != judged:
            found.append(
                f"{self.recipe} has written {self.written:,} documents, {judged:,} are among the documents"
            )
        return found


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
    """A seed without a document, and what its last request gave: an answer, or none for `detail`."""

    seed_id: str
    seed: str
    answer: str | None
    detail: str


def read_recipe_funnels(con: duckdb.DuckDBPyConnection) -> list[RecipeFunnel]:
    """The recipes in the order of the work list; none where nothing was generated."""
    rejected: dict[str, dict[str, int]] = {}
    for recipe, reason, count in con.execute(_REJECTED).fetchall():
        rejected.setdefault(recipe, {})[reason] = count
    dropped: dict[str, dict[str, int]] = {}
    kept: dict[str, int] = {}
    for recipe, reason, count in con.execute(_FATES).fetchall():
        if reason is None:
            kept[recipe] = count
        else:
            dropped.setdefault(recipe, {})[reason] = count
    sent = {recipe: sums for recipe, *sums in con.execute(_SENT).fetchall()}
    funnels = []
    for recipe, bucket, model, seeds, written in con.execute(_RECIPES).fetchall():
        requests, prompt_tokens, completion_tokens = sent.get(recipe, (0, 0, 0))
        funnels.append(
            RecipeFunnel(
                recipe,
                bucket,
                model or "",
                seeds or 0,
                written,
                rejected.get(recipe, {}),
                requests,
                prompt_tokens,
                completion_tokens,
                dropped.get(recipe, {}),
                kept.get(recipe, 0),
            )
        )
    return funnels


def choose_written(con: duckdb.DuckDBPyConnection) -> dict[str, list[WrittenExample]]:
    """Up to three documents by recipe: spread over the work list, and the same every time."""
    chosen = con.execute(
        f"SELECT recipe, arg_min([ordinal, doc], md5(ordinal::VARCHAR), {EXAMPLES}) FROM outcomes "
        "WHERE doc IS NOT NULL GROUP BY ALL"
    ).fetchall()
    pairs = [pair for _, own in chosen for pair in own]
    ordinals, docs = _list(ordinal for ordinal, _ in pairs), _list(doc for _, doc in pairs)
    rows = con.execute(
        f"""
        SELECT doc, documents.id, left(seeds.text, {TEXT_CHARACTERS + 1}),
          left(CASE WHEN follows THEN ltrim(substr(documents.text, length(seeds.text) + 1), chr(10) || ' ')
            ELSE documents.text END, {TEXT_CHARACTERS + 1}), follows, drop_reason
        FROM (SELECT doc, id, text FROM documents WHERE list_contains({docs}, doc)) AS documents
        JOIN (SELECT doc, ordinal FROM outcomes WHERE list_contains({docs}, doc)) USING (doc)
        JOIN (SELECT ordinal, text FROM seeds WHERE list_contains({ordinals}, ordinal)) AS seeds USING (ordinal)
        JOIN (SELECT doc, drop_reason FROM selection WHERE list_contains({docs}, doc)) USING (doc),
        LATERAL (SELECT starts_with(documents.text, seeds.text) AS follows)
        """
    ).fetchall()
    examples = {
        doc: WrittenExample(
            doc, id, readable(seed, TEXT_CHARACTERS), readable(text, TEXT_CHARACTERS), follows, reason
        )
        for doc, id, seed, text, follows, reason in rows
    }
    return {recipe: [examples[doc] for _, doc in own if doc in examples] for recipe, own in chosen}


def choose_rejected(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], RejectedExample]:
    """One seed by recipe and reason, the same every time."""
    chosen = con.execute(
        "SELECT recipe, reason, arg_min(ordinal, md5(ordinal::VARCHAR)) FROM outcomes "
        "WHERE reason IS NOT NULL GROUP BY ALL"
    ).fetchall()
    ordinals = _list(ordinal for *_, ordinal in chosen)
    rows = con.execute(
        f"""
        SELECT ordinal, id, left(seeds.text, {TEXT_CHARACTERS + 1}), left(answer, {TEXT_CHARACTERS + 1}), detail
        FROM (SELECT ordinal, id, text FROM seeds WHERE list_contains({ordinals}, ordinal)) AS seeds
        JOIN (SELECT ordinal, detail FROM outcomes WHERE list_contains({ordinals}, ordinal)) USING (ordinal)
        LEFT JOIN (
          SELECT ordinal, answer FROM requests WHERE list_contains({ordinals}, ordinal)
          QUALIFY row_number() OVER (PARTITION BY ordinal ORDER BY question DESC) = 1
        ) USING (ordinal)
        """
    ).fetchall()
    examples = {
        ordinal: RejectedExample(
            id,
            readable(seed, TEXT_CHARACTERS),
            None if answer is None else readable(answer, TEXT_CHARACTERS),
            detail or "",
        )
        for ordinal, id, seed, answer, detail in rows
    }
    return {
        (recipe, reason): examples[ordinal] for recipe, reason, ordinal in chosen if ordinal in examples
    }

"""What became of every seed that models were given, by recipe; sums that must add up."""

from dataclasses import dataclass

import duckdb

from schemas.documents import ROW_BITS
from schemas.generation import FIRST_GENERATED_SPLIT
from synth.llm.budget import NO_BUDGET

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

"""How a generated document came about: its seed, what was asked, and what the model said."""

from dataclasses import dataclass
from typing import Any

import duckdb

from .excerpts import readable
from .records import read_records

SHOWN_CHARACTERS = 400


@dataclass(frozen=True)
class Generation:
    """seed: the row of `seeds`, with the passage; asked: the rows of `requests`, in order."""

    recipe: str
    seed: dict[str, Any]
    asked: list[dict[str, Any]]
    rests_on: list[str]

    def as_text(self, origin: str) -> str:
        """origin: where the seed's document was read."""
        seed = self.seed
        lines = [
            f"by {readable(self.recipe, 200)}, out of bytes {seed['start']:,} to {seed['end']:,} of "
            f"{readable(seed['id'], 200)} (doc {seed['doc']}): {origin}",
            f"seed: “{readable(seed['text'], SHOWN_CHARACTERS)}”",
        ]
        for one in self.asked:
            used = ", used" if one["key"] == self.rests_on[-1] else ""
            lines.append(
                f"asked {readable(one['model'], 100)} ({one['key']}{used}): “…{readable(one['prompt'][-SHOWN_CHARACTERS:], SHOWN_CHARACTERS)}”"
            )
            if one["failure"] is None:
                lines.append(
                    f"answer ({one['completion_tokens']} tokens, {one['finish']}): "
                    f"“{readable(one['answer'], SHOWN_CHARACTERS)}”"
                )
            else:
                lines.append(f"no answer: {one['failure']}")
        return "\n".join(lines)


def read_generations(con: duckdb.DuckDBPyConnection, docs: list[int]) -> dict[int, Generation]:
    """By doc, those of the documents that were generated."""
    among = ", ".join(map(str, docs))
    outcomes = read_records(con, f"SELECT ordinal, doc, recipe, answers FROM outcomes WHERE doc IN ({among})")
    if not outcomes:
        return {}
    ordinals = ", ".join(str(row["ordinal"]) for row in outcomes)
    seeds = {
        row.pop("ordinal"): row
        for row in read_records(con, f"SELECT * EXCLUDE (recipe) FROM seeds WHERE ordinal IN ({ordinals})")
    }
    asked: dict[int, list[dict[str, Any]]] = {}
    for row in read_records(
        con, f"SELECT * FROM requests WHERE ordinal IN ({ordinals}) ORDER BY ordinal, question"
    ):
        asked.setdefault(row.pop("ordinal"), []).append(row)
    return {
        row["doc"]: Generation(
            row["recipe"], seeds[row["ordinal"]], asked.get(row["ordinal"], []), row["answers"]
        )
        for row in outcomes
    }

"""The near-duplicates of a run: how many there are of how many documents, and the largest groups to read."""

from dataclasses import dataclass

import duckdb

from .excerpts import readable
from .report_texts import Beginning
from .word_diff import Stretch, word_diff

SHOWN_GROUPS = 8
TEXT_CHARACTERS = 400
_SOURCES = 4
_SIZES = ((1, 1), (2, 3), (4, 9), (10, 99), (100, 999), (1_000, None))


@dataclass(frozen=True)
class GroupSize:
    """Groups whose kept document stands for `least` to `most` dropped ones (None: without end)."""

    least: int
    most: int | None
    groups: int
    dropped: int


@dataclass(frozen=True)
class Group:
    """A kept document and those that were dropped for being near it.

    tokens: of the dropped ones. exact: how many have similarity 1. sources: those of most dropped ones, by
    name. shown_id: the least similar one; changes: its differences from the kept one, none where no word differs.
    text: what the kept one begins with.
    """

    kept_id: str
    bucket: str
    dropped: int
    tokens: int
    exact: int
    least_similarity: float
    sources: list[tuple[str, int]]
    more_sources: int
    shown_id: str
    changes: list[Stretch]
    text: str


@dataclass(frozen=True)
class NearDuplicates:
    """exact: dropped documents of similarity 1. groups: the largest, at most 8 of `total`."""

    dropped: int
    tokens: int
    exact: int
    total: int
    sizes: list[GroupSize]
    groups: list[Group]


@dataclass(frozen=True)
class LargestGroup:
    """A group before its texts are read."""

    kept_doc: int
    dropped: int
    tokens: int
    exact: int
    least_similarity: float
    shown_doc: int


def find_groups(con: duckdb.DuckDBPyConnection) -> list[LargestGroup]:
    """The groups of most dropped documents, and the table `near_groups` of all: one pass over the facts."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE near_groups AS SELECT kept_doc, count(*) AS dropped, "
        "coalesce(sum(n_tokens), 0)::BIGINT AS tokens, count(*) FILTER (similarity >= 1) AS exact, "
        "min(similarity) AS least_similarity, arg_min(doc, (similarity, doc)) AS shown_doc "
        "FROM selection WHERE is_duplicate GROUP BY kept_doc"
    )
    rows = con.execute(
        f"SELECT * FROM near_groups ORDER BY dropped DESC, kept_doc LIMIT {SHOWN_GROUPS}"
    ).fetchall()
    return [LargestGroup(*row) for row in rows]


def read_near_duplicates(
    con: duckdb.DuckDBPyConnection, largest: list[LargestGroup], texts: dict[int, Beginning]
) -> NearDuplicates | None:
    """None where nothing was dropped as a near-duplicate; `find_groups` must have been called.

    texts: the beginnings of at least the documents of `largest`.
    """
    if not largest:
        return None
    total, dropped, tokens, exact = con.execute(
        "SELECT count(*), sum(dropped)::BIGINT, sum(tokens)::BIGINT, sum(exact)::BIGINT FROM near_groups"
    ).fetchall()[0]
    counts = ", ".join(
        f"count(*) FILTER ({within}), coalesce(sum(dropped) FILTER ({within}), 0)::BIGINT"
        for within in (
            f"dropped >= {least}" + (f" AND dropped <= {most}" if most is not None else "")
            for least, most in _SIZES
        )
    )
    flat = con.execute(f"SELECT {counts} FROM near_groups").fetchall()[0]
    sizes = [
        GroupSize(least, most, flat[2 * k], flat[2 * k + 1])
        for k, (least, most) in enumerate(_SIZES)
        if flat[2 * k]
    ]
    sources: dict[int, list[tuple[str, int]]] = {}
    for kept, source, count in con.execute(
        "SELECT kept_doc, source, count(*) FROM selection "
        f"WHERE is_duplicate AND {_among('kept_doc', [group.kept_doc for group in largest])} "
        "GROUP BY ALL ORDER BY 3 DESC, 2"
    ).fetchall():
        sources.setdefault(kept, []).append((source, count))
    groups = []
    for one in largest:
        own = sources.get(one.kept_doc, [])
        kept, shown = texts[one.kept_doc], texts[one.shown_doc]
        groups.append(
            Group(
                kept_id=kept.id,
                bucket=kept.bucket,
                dropped=one.dropped,
                tokens=one.tokens,
                exact=one.exact,
                least_similarity=one.least_similarity,
                sources=own[:_SOURCES],
                more_sources=max(0, len(own) - _SOURCES),
                shown_id=shown.id,
                changes=word_diff(kept.text, shown.text),
                text=readable(kept.text, TEXT_CHARACTERS),
            )
        )
    return NearDuplicates(dropped, tokens, exact, total, sizes, groups)


def _among(column: str, numbers: list[int]) -> str:
    return f"{column} IN ({', '.join(map(str, numbers))})" if numbers else "false"

"""What each rule drops, alone and beside the others."""

from dataclasses import dataclass

import duckdb

from pipelines.selection import drop_rules, fitting_sql
from schemas.config import Config

from .funnel import Amount, Fates
from .tables import identifier


@dataclass(frozen=True)
class RuleCount:
    """condition: that of the config which a kept document meets, None for a built-in rule. first: what counts
    for the rule, as the first that drops it. meets: documents that it would drop wherever it stood. alone:
    documents and tokens that no other rule would drop, which is what would come back without it."""

    rule: str
    condition: str | None
    first: Amount
    meets: int
    alone: Amount


def count_rules(con: duckdb.DuckDBPyConnection, config: Config, fates: Fates) -> list[RuleCount]:
    """In the order in which they are tried. One pass over the facts."""
    rules = drop_rules(config)
    if not rules:
        return []
    conditions = config.conditions()
    columns = {name: identifier(f"drop {k}") for k, name in enumerate(rules)}
    drops = ", ".join(
        f"((\n{condition}\n) IS TRUE)::INT AS {columns[name]}" for name, condition in rules.items()
    )
    counts = ", ".join(
        f"coalesce(sum({column}), 0)::BIGINT, count(*) FILTER ({column} = 1 AND met = 1), "
        f"coalesce(sum(n_tokens) FILTER ({column} = 1 AND met = 1), 0)::BIGINT"
        for column in columns.values()
    )
    row = con.execute(
        f"SELECT {counts} FROM (SELECT *, {' + '.join(columns.values())} AS met "
        f"FROM (SELECT n_tokens, {drops} FROM ({fitting_sql(config)}) AS signals))"
    ).fetchall()[0]
    return [
        RuleCount(
            rule,
            " ".join(conditions[rule].split()) if rule in conditions else None,
            fates.dropped[rule],
            row[3 * k],
            Amount(row[3 * k + 1], row[3 * k + 2]),
        )
        for k, rule in enumerate(rules)
    ]

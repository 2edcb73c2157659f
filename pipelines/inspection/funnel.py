"""What became of every record, from the raw files to the shards; sums that must add up."""

from dataclasses import dataclass

import duckdb

from pipelines.selection import drop_rules
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config
from schemas.quarantine import REASONS
from schemas.shards import Manifest


@dataclass(frozen=True)
class Amount:
    """Documents and their ordinary tokens; the tokens are 0 before the facts are made."""

    documents: int = 0
    tokens: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.documents + other.documents, self.tokens + other.tokens)


@dataclass(frozen=True)
class Fates:
    """What became of the documents of one source or bucket, or of all: dropped by reason and kept by
    component (None without a mixture), each in the order of the config."""

    dropped: dict[str, Amount]
    kept: dict[str | None, Amount]

    @property
    def total_dropped(self) -> Amount:
        return sum(self.dropped.values(), Amount())

    @property
    def total_kept(self) -> Amount:
        return sum(self.kept.values(), Amount())

    @property
    def total(self) -> Amount:
        return self.total_dropped + self.total_kept


@dataclass(frozen=True)
class Funnel:
    """Records in = quarantined by reason + unsampled + read documents; read and generated documents = dropped
    by reason + kept."""

    records: int
    quarantined: dict[str, int]
    unsampled: int
    generated: int
    documents: int
    fates: Fates

    def mismatches(self) -> list[str]:
        """Sums that do not add up, as sentences; none in a run that is not being written."""
        found = []
        out = sum(self.quarantined.values()) + self.unsampled + self.documents - self.generated
        if self.records != out:
            found.append(f"{self.records:,} records were read, {out:,} are accounted for")
        if self.documents != self.fates.total.documents:
            found.append(
                f"the receipts count {self.documents:,} documents, "
                f"the files hold {self.fates.total.documents:,}"
            )
        return found


def count_fates(con: duckdb.DuckDBPyConnection) -> None:
    """Count the documents and tokens of `selection` by source, bucket and fate into the table `fates`.

    One pass over the facts; the table has a row for each source, bucket and fate.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE fates AS SELECT source, bucket, drop_reason, component, "
        "count(*) AS documents, coalesce(sum(n_tokens), 0)::BIGINT AS tokens FROM selection GROUP BY ALL"
    )


def fates_by(con: duckdb.DuckDBPyConnection, config: Config, column: str, most: int) -> dict[str, Fates]:
    """Fates by `source` or `bucket`, largest first; those after the first `most` together as `others`."""
    query = (
        f"WITH largest AS (SELECT {column} AS name FROM fates GROUP BY ALL "
        f"ORDER BY sum(documents) DESC, name LIMIT {most}) "
        "SELECT name, drop_reason, component, sum(documents)::BIGINT, sum(tokens)::BIGINT "
        f"FROM fates LEFT JOIN largest ON name = {column} GROUP BY ALL ORDER BY ALL"
    )
    grouped: dict[str | None, list[tuple]] = {}
    for name, *rest in con.execute(query).fetchall():
        grouped.setdefault(name, []).append(tuple(rest))
    fates = {name: _fates(config, rows) for name, rows in grouped.items()}
    others = fates.pop(None, None)
    ordered = dict(sorted(fates.items(), key=lambda entry: (-entry[1].total.documents, entry[0])))
    return ordered if others is None else {**ordered, "others": others}


def read_funnel(con: duckdb.DuckDBPyConnection, config: Config) -> Funnel:
    """The funnel of the whole run; `count_fates` must have been called."""
    counts = dict(
        con.execute(
            "SELECT entry.key, sum(entry.value)::BIGINT FROM "
            "(SELECT unnest(map_entries(counts)) AS entry FROM receipts WHERE stage = 'ingest') GROUP BY ALL"
        ).fetchall()
    )
    generated = con.execute(
        "SELECT coalesce(sum(counts['documents']), 0)::BIGINT FROM receipts WHERE stage = 'generated'"
    ).fetchall()[0][0]
    rows = con.execute(
        "SELECT drop_reason, component, sum(documents)::BIGINT, sum(tokens)::BIGINT FROM fates GROUP BY ALL"
    ).fetchall()
    found = {reason: counts.get(f"quarantined_{reason}", 0) for reason in REASONS}
    unnamed = counts.get("quarantined", 0) - sum(found.values())
    return Funnel(
        records=counts.get("records", 0),
        quarantined={
            **{reason: count for reason, count in found.items() if count},
            **({"other": unnamed} if unnamed else {}),
        },
        unsampled=counts.get("unsampled", 0),
        generated=generated,
        documents=counts.get("documents", 0) + generated,
        fates=_fates(config, rows),
    )


def _fates(config: Config, rows: list[tuple]) -> Fates:
    """Fates from rows of drop_reason, component, documents, tokens; a rule or component that no document
    met has the amount 0."""
    components: list[str | None] = [None] if config.mixture is None else [*config.mixture.resolved()]
    dropped = dict.fromkeys(drop_rules(config), Amount())
    kept = dict.fromkeys(components, Amount())
    for reason, component, documents, tokens in rows:
        amount = Amount(documents, tokens)
        if reason is None:
            kept[component] = kept.get(component, Amount()) + amount
        else:
            dropped[reason] = dropped.get(reason, Amount()) + amount
    return Fates(dropped, kept)


def read_manifest(run: RunDirectory) -> Manifest | None:
    """The manifest of the run's shards, None before they are made."""
    if not run.exists("shards/manifest.json"):
        return None
    return Manifest.model_validate_json(run.read_bytes("shards/manifest.json"))

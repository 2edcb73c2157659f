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


@dataclass(frozen=True)
class Breakdown:
    """Fates by the values of one column, those of most documents first; `others` are the fates of the further
    `more` values together, None where there are none."""

    fates: dict[str, Fates]
    others: Fates | None
    more: int


@dataclass(frozen=True)
class Share:
    """What one rule drops of the values of one column, the largest first, and how many further values it meets."""

    amounts: dict[str, Amount]
    more: int


def count_fates(con: duckdb.DuckDBPyConnection) -> None:
    """Count the documents and tokens of `selection` by source, bucket, language and fate into the table `fates`.

    One pass over the facts; the table has a row for each combination that there is. A language that is not
    known is called so.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE fates AS SELECT source, bucket, coalesce(language, 'not known') AS language, "
        "drop_reason, component, count(*) AS documents, coalesce(sum(n_tokens), 0)::BIGINT AS tokens "
        "FROM selection GROUP BY ALL"
    )


def fates_by(con: duckdb.DuckDBPyConnection, config: Config, column: str, most: int) -> Breakdown:
    """Fates by `source`, `bucket` or `language`; `count_fates` must have been called."""
    query = (
        f"WITH largest AS (SELECT {column} AS name FROM fates GROUP BY ALL "
        f"ORDER BY sum(documents) DESC, name LIMIT {most}) "
        "SELECT name, drop_reason, component, sum(documents)::BIGINT, sum(tokens)::BIGINT "
        f"FROM fates LEFT JOIN largest ON name = {column} GROUP BY ALL ORDER BY ALL"
    )
    grouped: dict[str | None, list[tuple]] = {}
    for name, *rest in con.execute(query).fetchall():
        grouped.setdefault(name, []).append(tuple(rest))
    others = grouped.pop(None, None)
    fates = {name: _fates(config, rows) for name, rows in grouped.items() if name is not None}
    values = con.execute(f"SELECT count(DISTINCT {column}) FROM fates").fetchall()[0][0]
    return Breakdown(
        dict(sorted(fates.items(), key=lambda entry: (-entry[1].total.documents, entry[0]))),
        None if others is None else _fates(config, others),
        values - len(fates),
    )


def dropped_by(con: duckdb.DuckDBPyConnection, column: str, most: int) -> dict[str, Share]:
    """By drop reason, what it drops by `source`, `bucket` or `language`; `count_fates` must have been called."""
    rows = con.execute(
        f"WITH amounts AS (SELECT drop_reason, {column} AS name, sum(documents)::BIGINT AS documents, "
        "sum(tokens)::BIGINT AS tokens FROM fates WHERE drop_reason IS NOT NULL GROUP BY ALL) "
        "SELECT *, count(*) OVER (PARTITION BY drop_reason) FROM amounts "
        f"QUALIFY row_number() OVER (PARTITION BY drop_reason ORDER BY documents DESC, name) <= {most} "
        "ORDER BY drop_reason, documents DESC, name"
    ).fetchall()
    found: dict[str, Share] = {}
    for reason, name, documents, tokens, values in rows:
        share = found.setdefault(reason, Share({}, max(0, values - most)))
        share.amounts[name] = Amount(documents, tokens)
    return found


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

"""Histograms of the facts about documents, with the thresholds that the config sets on them."""

from dataclasses import dataclass

import duckdb

from pipelines.selection import NEAR_DUPLICATE, selection_sql
from schemas.config import Config
from schemas.heuristics import HEURISTICS

from .report_bins import Bins, choose_bins
from .report_thresholds import Threshold, is_numeric, is_whole, read_thresholds
from .tables import identifier, signal_columns

_SAMPLE = 200_000
_LARGEST = "1e300"
_QUANTILES = "[0.0, 0.005, 0.5, 0.995, 1.0]"
# Drawn where a threshold asks for them, and not by themselves: they are many.
_WITHOUT = ("doc", "cluster", "kept_doc", "shared_13grams", "shared_7grams", *HEURISTICS.names)
# Of most documents these are 0 or 1 by construction, which would hide the others.
_ONLY_WHERE = {
    "similarity": ("is_duplicate", "near-duplicates"),
    "ratio": ("ratio > 0", "documents that share a 7-gram with a benchmark"),
}


@dataclass(frozen=True)
class Bar:
    """Documents of one bin: kept, dropped by a rule with a threshold on this fact, dropped by others."""

    kept: int
    dropped_here: int
    dropped_else: int

    @property
    def documents(self) -> int:
        return self.kept + self.dropped_here + self.dropped_else


@dataclass(frozen=True)
class Histogram:
    """One fact over all documents: below + the bars + above are all documents that have it.

    fact: a column of `signals`, or an expression over them. about: which documents have it where it is not for
    all. quantiles: about, of a sample: 0.5 %, the median and 99.5 %. below, above: outside of the bins.
    """

    fact: str
    about: str
    thresholds: list[Threshold]
    bins: Bins
    bars: list[Bar]
    below: Bar
    above: Bar
    quantiles: tuple[float, float, float]

    @property
    def known(self) -> int:
        return sum(bar.documents for bar in (self.below, *self.bars, self.above))

    @property
    def highest(self) -> int:
        return max(bar.documents for bar in (self.below, *self.bars, self.above))


def read_histograms(con: duckdb.DuckDBPyConnection, config: Config, documents: int) -> list[Histogram]:
    """A histogram of every numeric fact of which there are two values or more, those with thresholds first; of the
    heuristics only those with one.

    documents: how many `selection` holds. One pass over the facts, and one over those of a sample of
    about 200,000 documents, by a hash of their numbers, that says where the bars stand.
    """
    thresholds = _with_built_in(read_thresholds(con, config), config)
    columns = [
        name for name in signal_columns() if name not in _WITHOUT and is_numeric(con, identifier(name))
    ]
    facts = {**thresholds, **{name: [] for name in columns if name not in thresholds}}
    if not documents:
        return []
    bins, quantiles = _choose_bins(con, facts, max(1, documents // _SAMPLE))
    return _count(con, config, facts, bins, quantiles) if bins else []


def _choose_bins(
    con: duckdb.DuckDBPyConnection, facts: dict[str, list[Threshold]], of: int
) -> tuple[dict[str, Bins], dict[str, tuple[float, float, float]]]:
    """Bins and quantiles by fact, from every `of`-th document, for those that have two values there."""
    wanted = ", ".join(f"quantile_disc({_value(fact)}, {_QUANTILES})" for fact in facts)
    found = con.execute(f"SELECT {wanted} FROM signals WHERE hash(doc) % {of} = 0").fetchall()[0]
    bins, quantiles = {}, {}
    for fact, known in zip(facts, found, strict=True):
        if known is None or known[0] == known[-1]:
            continue
        least, low, middle, high, most = known
        start, end = (low, high) if low < high else (least, most)
        values = [threshold.value for threshold in facts[fact]]
        bins[fact] = choose_bins(
            min(start, *values, middle), middle, max(end, *values, middle), _is_whole(con, fact)
        )
        quantiles[fact] = (low, middle, high)
    return bins, quantiles


def _is_whole(con: duckdb.DuckDBPyConnection, fact: str) -> bool:
    return is_whole(con.execute(f"DESCRIBE SELECT {_expression(fact)} FROM signals").fetchall()[0][1])


def _count(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    facts: dict[str, list[Threshold]],
    bins: dict[str, Bins],
    quantiles: dict[str, tuple[float, float, float]],
) -> list[Histogram]:
    """One pass over the facts."""
    counted = ", ".join(f"histogram({_value(fact)}, ?::DOUBLE[])" for fact in bins)
    rows = con.execute(
        f"SELECT drop_reason, {counted} FROM ({selection_sql(config)}) AS selection GROUP BY drop_reason",
        [list(bins[fact].edges) for fact in bins],
    ).fetchall()
    histograms = []
    for place, fact in enumerate(bins, start=1):
        edges = bins[fact].edges
        here = {threshold.rule for threshold in facts[fact]} - {None}
        bars = [[0, 0, 0] for _ in range(len(edges) + 1)]
        for reason, *maps in rows:
            kind = 0 if reason is None else 1 if reason in here else 2
            # Its keys are the upper edges, and infinity only where something is over the last.
            for bar, count in zip(bars, (maps[place - 1] or {}).values(), strict=False):
                bar[kind] += count
        below, *inner, above = (Bar(*bar) for bar in bars)
        histograms.append(
            Histogram(
                fact=fact,
                about=_ONLY_WHERE[fact][1] if fact in _ONLY_WHERE else "",
                thresholds=facts[fact],
                bins=bins[fact],
                bars=inner,
                below=below,
                above=above,
                quantiles=quantiles[fact],
            )
        )
    return histograms


def _with_built_in(found: dict[str, list[Threshold]], config: Config) -> dict[str, list[Threshold]]:
    built_in: dict[str, list[Threshold]] = {}
    if config.decontaminate is not None:
        one = config.decontaminate
        built_in["ratio"] = [
            Threshold(
                "decontaminate.info_threshold",
                "partial" if "partial" in one.drop else None,
                ">",
                one.info_threshold,
            ),
            Threshold(
                "decontaminate.contaminated_threshold",
                "contaminated" if "contaminated" in one.drop else None,
                ">=",
                one.contaminated_threshold,
            ),
        ]
    if config.dedup is not None:
        built_in["similarity"] = [Threshold("dedup.threshold", NEAR_DUPLICATE, ">=", config.dedup.threshold)]
    for fact, own in built_in.items():
        found.setdefault(fact, []).extend(own)
    return found


def _expression(fact: str) -> str:
    return identifier(fact) if fact in signal_columns() else f"({fact})"


def _value(fact: str) -> str:
    """A fact as a DOUBLE that can be reckoned with, or NULL."""
    condition = _ONLY_WHERE[fact][0] if fact in _ONLY_WHERE else "true"
    value = f"try_cast({_expression(fact)} AS DOUBLE)"
    return f"CASE WHEN {condition} AND abs({value}) < {_LARGEST} THEN {value} END"

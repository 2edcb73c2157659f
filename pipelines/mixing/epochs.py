"""How often every kept document is taken: DuckDB over the view `selection`."""

import math
from collections.abc import Iterator, Mapping

import duckdb
import pyarrow as pa

from pipelines.errors import RunError
from pipelines.inspection.tables import identifier, literal
from pipelines.mixing.mixture import Mixture, Supply
from schemas.config import Component

_BATCH_ROWS = 2**18


def take_stock(
    con: duckdb.DuckDBPyConnection, components: Mapping[str, Component], max_epochs: float
) -> list[Supply]:
    """What every component has, in component order. Leaves the kept documents in the table `kept`.

    max_epochs: the cap of a component that names none of its own.
    Raises RunError where a kept document has no token count.
    """
    numbers = "".join(f" WHEN {literal(name)} THEN {i}" for i, name in enumerate(components))
    orders = "".join(
        f", {identifier(column)} AS {identifier(f'order_{column}')}"
        for column in sorted({c.order for c in components.values() if c.order is not None})
    )
    con.execute(
        f"CREATE TABLE kept AS SELECT doc, (CASE component{numbers} END)::INTEGER AS component, "
        f"n_tokens + 1 AS tokens{orders} FROM selection WHERE keep AND component IS NOT NULL"
    )
    uncounted = con.execute("SELECT count(*), min(doc) FROM kept WHERE tokens IS NULL").fetchall()[0]
    if uncounted[0]:
        raise RunError(
            f"{uncounted[0]:,} kept documents, first doc {uncounted[1]}, have no token count in signals/quality; "
            "run with --stages facts,mix"
        )
    rows = con.execute(
        "SELECT component, sum(tokens)::BIGINT, count(*) FROM kept GROUP BY component"
    ).fetchall()
    found = {number: (tokens, documents) for number, tokens, documents in rows}
    supplies = []
    for number, (name, component) in enumerate(components.items()):
        cap = component.max_epochs or max_epochs
        capped = None if math.isinf(cap) else cap
        supplies.append(Supply(name, component.share, capped, *found.get(number, (0, 0))))
    return supplies


def choose_copies(
    con: duckdb.DuckDBPyConnection, seed: int, components: Mapping[str, Component], mixture: Mixture
) -> None:
    """Make the table `copies`, columns as in COPIES, out of the table `kept`.

    Every document of a component is copied in its full epochs. Those of the partial epoch are taken in
    the order of the component's `order` column, highest first, nulls last, then of the first 16 hex digits
    of md5('seed/doc'), then of doc, until it is full; the last one is cut to fit.
    """
    con.execute(
        "CREATE TABLE copies (doc BIGINT, component INTEGER, tokens BIGINT, copies INTEGER, cut BIGINT)"
    )
    for number, (component, allotment) in enumerate(
        zip(components.values(), mixture.allotments, strict=True)
    ):
        order = f"{identifier(f'order_{component.order}')} DESC NULLS LAST, " if component.order else ""
        con.execute(
            f"""INSERT INTO copies
            SELECT doc, component, tokens, $full + (before < $partial)::INTEGER,
              CASE WHEN before < $partial AND before + tokens > $partial THEN $partial - before END
            FROM (
              SELECT doc, component, tokens, (sum(tokens) OVER (
                ORDER BY {order}left(md5($seed || '/' || doc), 16), doc ROWS UNBOUNDED PRECEDING
              ) - tokens)::BIGINT AS before
              FROM kept WHERE component = $number
            )
            WHERE $full > 0 OR before < $partial""",
            {
                "full": allotment.full_epochs,
                "partial": allotment.partial_tokens,
                "seed": str(seed),
                "number": number,
            },
        )
    con.execute("DROP TABLE kept")


def read_copies(con: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
    """The table `copies` in the order of doc."""
    yield from con.sql("SELECT * FROM copies ORDER BY doc").to_arrow_reader(_BATCH_ROWS)

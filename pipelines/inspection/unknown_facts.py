"""Filters that drop nothing for want of the fact that they are about."""

from pipelines.inspection.tables import identifier
from pipelines.inspection.views import connect
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config


def unknown_facts(run: RunDirectory, config: Config) -> list[str]:
    """A sentence where conditions of filters are NULL for some documents."""
    conditions = config.conditions()
    if not conditions:
        return []
    counts = ", ".join(
        f"count(*) FILTER ((\n{condition}\n) IS NULL) AS {identifier(name)}"
        for name, condition in conditions.items()
    )
    with connect(run, config) as con:
        documents, *unknown = con.execute(f"SELECT count(*), {counts} FROM signals").fetchall()[0]
    found = {name: count for name, count in zip(conditions, unknown, strict=True) if count}
    if not found:
        return []
    named = ", ".join(f"{name} for {count:,}" for name, count in found.items())
    return [
        f"filters that can't be judged, for want of the fact, drop none of these documents, of {documents:,}: {named}"
    ]

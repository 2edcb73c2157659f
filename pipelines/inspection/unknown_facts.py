"""Filters that drop nothing for want of the fact that they are about."""

from pipelines.inspection.tables import identifier
from pipelines.inspection.views import connect
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config


def unknown_facts(run: RunDirectory, config: Config) -> list[str]:
    """A sentence for every filter whose condition is NULL for some documents."""
    conditions = config.conditions()
    if not conditions:
        return []
    counts = ", ".join(
        f"count(*) FILTER ((\n{condition}\n) IS NULL) AS {identifier(name)}"
        for name, condition in conditions.items()
    )
    with connect(run, config) as con:
        documents, *unknown = con.execute(f"SELECT count(*), {counts} FROM signals").fetchall()[0]
    return [
        f"filters.{name}: not known for {count:,} of {documents:,} documents, for want of the fact; it drops none of them"
        for name, count in zip(conditions, unknown, strict=True)
        if count
    ]

"""The table `quality`: everything known of a document by itself, made in groups of columns.

A part's table is one file, so that a question about documents joins one table; its groups have
fingerprints of their own, so that a change of one model's settings makes its columns anew and takes the others as
they were.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from pipelines.errors import RunError
from pipelines.fact_tables.batch import Batch
from pipelines.runner import Outcome
from pipelines.storage.parts import read_signal, signal_file
from pipelines.storage.receipts import is_done, read_receipt
from pipelines.storage.run_directory import RunDirectory
from schemas.config import fingerprint
from schemas.signals import QUALITY

Measure = Callable[[Batch], dict[str, pa.Array]]


@dataclass(frozen=True)
class Group:
    """Columns that are made together. `start`, a module-level function or a partial of one, loads what they need."""

    name: str
    fingerprint: str
    columns: tuple[str, ...]
    start: Callable[[], Measure]

    def of_part(self, upstream: str) -> str:
        return fingerprint(upstream, self.name, self.fingerprint)


class Quality:
    """Makes the table of one part; columns of no group are null.

    upstream: the fingerprint of the part's documents.
    """

    def __init__(self, run: RunDirectory, part: str, upstream: str, groups: tuple[Group, ...]):
        self.wanted = {group.name: group.of_part(upstream) for group in groups}
        before = _groups_of(run, part)
        stale = [group for group in groups if before.get(group.name) != self.wanted[group.name]]
        standing = [column for group in groups if group not in stale for column in group.columns]
        self.standing = read_signal(run, "quality", part, ["doc", *standing]) if standing else None
        self.measures = {group.name: group.start() for group in stale}
        self.seconds = dict.fromkeys(self.measures, 0.0)
        self.rows: list[pa.Table] = []

    def add(self, batch: Batch) -> None:
        columns: dict[str, pa.Array] = {}
        for name, measure in self.measures.items():
            began = time.monotonic()
            columns |= measure(batch)
            self.seconds[name] += time.monotonic() - began
        self.rows.append(batch.columns(**columns))

    def commit(self, run: RunDirectory, part: str) -> Outcome:
        table = pa.concat_tables(self.rows)
        if self.standing is not None:
            if not table["doc"].equals(self.standing["doc"]):
                raise RunError(
                    f"signals/quality of {part} is of other documents; remove receipts/quality and run again"
                )
            for name in self.standing.column_names[1:]:
                table = table.append_column(name, self.standing[name])
        for field in QUALITY:
            if field.name not in table.column_names:
                table = table.append_column(field, pa.nulls(table.num_rows, field.type))
        file = run.write_parquet(signal_file("quality", part), QUALITY, [table])
        tokens = pa.compute.sum(table["n_tokens"]).as_py() or 0
        seconds = {name: round(spent, 3) for name, spent in self.seconds.items()}
        return Outcome(
            [file],
            {"documents": table.num_rows, "tokens": tokens},
            {"groups": self.wanted, "seconds": seconds},
        )


def _groups_of(run: RunDirectory, part: str) -> dict[str, str]:
    """Fingerprints of the groups that stand in the part's table."""
    receipt = read_receipt(run, "quality", part)
    if receipt is None or not is_done(run, "quality", part, receipt.fingerprint):
        return {}
    return receipt.details.get("groups", {})

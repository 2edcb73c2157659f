"""Norms: how a signal is spread among the documents of one bucket, kind and language.

What is an outlier depends on what a document is: code repeats itself, Chinese packs tightly. So the filters on
compression and gibberish ask how far a document lies from the middle of its own group.
"""

from functools import partial

import numpy as np
import pyarrow as pa

from pipelines.inspection.views import connect
from pipelines.runner import Outcome, Phase, Task
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config, fingerprint
from schemas.documents import ROW_BITS
from schemas.generation import FIRST_GENERATED_SPLIT
from schemas.signals import NORMED, NORMS

VERSION = 1
STAGE = "norms"
_FILE = "signals/norms/norms.parquet"
# Under this many documents a group has no norm: its spread is chance.
_FEWEST = 100
_STEPS = 10_000  # values are told apart to 4 decimals


def norms_phase(config: Config, quality: str) -> Phase:
    """The phase that measures the groups. quality: the fingerprint of the table of the documents that were read."""
    own = fingerprint(STAGE, VERSION, quality)
    return Phase(STAGE, own, [Task(STAGE)], partial(_measure, config))


def _measure(config: Config, run: RunDirectory, task: Task) -> Outcome:
    """Median, and median absolute deviation from it, of every group of at least _FEWEST documents that were read.

    Made from counts of rounded values, so memory grows with the groups and not with the documents.
    """
    rows = []
    with connect(run, config) as con:
        for signal in NORMED:
            counted = con.execute(
                'SELECT bucket, kind, language, round("'
                + signal
                + f'" * {_STEPS})::BIGINT AS step, count(*) AS n '
                f'FROM signals WHERE "{signal}" IS NOT NULL AND doc < {FIRST_GENERATED_SPLIT << ROW_BITS} '
                "GROUP BY ALL ORDER BY ALL"
            ).fetchall()
            groups: dict[tuple[str, str | None, str | None], list[tuple[int, int]]] = {}
            for bucket, kind, language, step, n in counted:
                groups.setdefault((bucket, kind, language), []).append((step, n))
            for group, values in groups.items():
                steps, counts = np.array(values, np.int64).T
                if counts.sum() >= _FEWEST:
                    middle = weighted_median(steps, counts)
                    spread = weighted_median(np.abs(steps - middle), counts)
                    rows.append((*group, signal, int(counts.sum()), middle / _STEPS, spread / _STEPS))
    columns = list(zip(*rows, strict=True)) if rows else [[] for _ in NORMS]
    table = pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, NORMS, strict=True)], NORMS
    )
    file = run.write_parquet(_FILE, NORMS, [table])
    return Outcome([file], {"groups": table.num_rows})


def weighted_median(values: np.ndarray, counts: np.ndarray) -> int:
    """The lower median of int64[n] values, each of which stands counts[i] times."""
    order = np.argsort(values, kind="stable")
    totals = np.cumsum(counts[order])
    return int(values[order][np.searchsorted(totals, (totals[-1] + 1) // 2)])

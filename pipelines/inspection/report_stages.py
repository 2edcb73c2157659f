"""The time and the memory that a run took, stage by stage."""

from dataclasses import dataclass

import duckdb

_SHORT_SECONDS = 0.05
_SLOWEST = 10


@dataclass(frozen=True)
class StageCost:
    """seconds: of all its tasks together. peak_bytes: the most memory that a process had held when one of its
    tasks ended."""

    stage: str
    tasks: int
    seconds: float
    slowest_task: str
    slowest_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Costs:
    """stages: the longest first; brief: names of those under 0.05 s. slowest: tasks."""

    stages: list[StageCost]
    brief: list[str]
    slowest: list[tuple[str, str, float, int]]
    seconds: float
    peak_bytes: int
    text_bytes: int


def read_costs(con: duckdb.DuckDBPyConnection) -> Costs | None:
    """From the receipts; None where there are none."""
    rows = con.execute(
        "SELECT stage, count(*), sum(seconds::DECIMAL(18, 3))::DOUBLE, first(task ORDER BY seconds DESC, task), "
        "max(seconds), max(peak_bytes) FROM receipts GROUP BY ALL ORDER BY 3 DESC, 1"
    ).fetchall()
    if not rows:
        return None
    slowest = con.execute(
        f"SELECT stage, task, seconds, peak_bytes FROM receipts ORDER BY seconds DESC, stage, task LIMIT {_SLOWEST}"
    ).fetchall()
    stages = [StageCost(*row) for row in rows]
    return Costs(
        stages=[stage for stage in stages if stage.seconds >= _SHORT_SECONDS],
        brief=[stage.stage for stage in stages if stage.seconds < _SHORT_SECONDS],
        slowest=slowest,
        seconds=sum(stage.seconds for stage in stages),
        peak_bytes=max(stage.peak_bytes for stage in stages),
        text_bytes=con.execute("SELECT coalesce(sum(text_bytes), 0)::BIGINT FROM parts").fetchall()[0][0],
    )

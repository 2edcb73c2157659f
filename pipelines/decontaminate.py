"""Decontamination as a job: the benchmark index that facts map, its controls, and the report."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from decontam.allowlist import Allowlist, AllowlistError, load_allowlist
from decontam.controls import Control, run_controls
from decontam.index import BenchmarkIndex, build_index, index_fingerprint
from decontam.registry import Registry, RegistryError, load_benchmarks
from decontam.report import SOURCES, make_report
from decontam.summary import summarise
from pipelines.errors import RunError
from pipelines.inspection.views import connect
from pipelines.storage.parts import list_parts, read_signal
from pipelines.storage.receipts import commit_receipt, is_done
from pipelines.storage.run_directory import RunDirectory, written
from schemas.config import Config, Decontaminate
from schemas.receipts import Receipt

STAGE = "index"
TASK = "benchmarks"
REPORT = "report/decontamination"


@dataclass(frozen=True)
class Benchmarks:
    """What documents are checked against: the items, the allow-list, and the index file of the run."""

    registry: Registry
    allowed: Allowlist
    fingerprint: str

    @property
    def file(self) -> str:
        return f"decontamination/index-{self.fingerprint[:16]}.arrow"

    def open(self, run: RunDirectory) -> BenchmarkIndex:
        return BenchmarkIndex.open(run.local_copy(self.file))

    def controls(self, run: RunDirectory) -> list[Control]:
        return run_controls(self.open(run), self.registry, self.allowed)


def load(decontaminate: Decontaminate) -> Benchmarks:
    """Read the benchmarks and the allow-list. Raises RunError where one can't be read in full."""
    try:
        registry = load_benchmarks(decontaminate.benchmarks)
        allowed = load_allowlist(decontaminate.allow)
    except (RegistryError, AllowlistError) as error:
        raise RunError(f"decontaminate: {error}") from error
    return Benchmarks(registry, allowed, index_fingerprint(registry, allowed))


def build(run: RunDirectory, benchmarks: Benchmarks) -> None:
    """Make the index file where it is missing, and put one item of every benchmark through it.

    Raises RunError where one of them is not found: a run whose controls fail does not publish.
    """
    if is_done(run, STAGE, TASK, benchmarks.fingerprint):
        return
    items = benchmarks.registry.items.num_rows
    with run.writing(benchmarks.file) as draft:
        build_index(benchmarks.registry, benchmarks.allowed).write(draft)
        file = written(draft, benchmarks.file, items)
    _require(benchmarks.controls(run))
    commit_receipt(
        run,
        Receipt(
            stage=STAGE,
            task=TASK,
            fingerprint=benchmarks.fingerprint,
            files=[file],
            counts={"items": items, **benchmarks.registry.counts()},
        ),
    )


def write_contamination_report(run: RunDirectory, config: Config, benchmarks: Benchmarks) -> None:
    """Write report/decontamination.html, .json and .parquet over all parts.

    Raises RunError where a control fails.
    """
    assert config.decontaminate is not None
    controls = benchmarks.controls(run)
    _require(controls)
    summary = summarise(benchmarks.open(run), _tables(run, "contamination"), _tables(run, "hits"))
    with connect(run, config) as con:
        sources = con.sql(
            "SELECT source, verdict, count(*) AS documents FROM signals WHERE verdict IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ).to_arrow_table()
    report = make_report(
        benchmarks.registry,
        benchmarks.allowed,
        benchmarks.open(run),
        controls,
        summary,
        sources.cast(SOURCES),
        config.decontaminate.info_threshold,
        config.decontaminate.contaminated_threshold,
    )
    run.write_bytes(f"{REPORT}.html", report.html.encode())
    run.write_bytes(f"{REPORT}.json", report.json.encode())
    with run.writing(f"{REPORT}.parquet") as draft:
        pq.write_table(report.items, draft)


def _tables(run: RunDirectory, table: str) -> Iterator[pa.Table]:
    for part in list_parts(run):
        yield read_signal(run, table, part)


def _require(controls: list[Control]) -> None:
    failed = [control for control in controls if control.failed]
    if failed:
        first = failed[0]
        raise RunError(
            f"decontaminate: {len(failed)} of {len(controls)} controls failed, first {first.benchmark} item "
            f"{first.item_id}: expected {first.expected}, found {first.found or 'nothing'}; nothing is published. "
            "Remove the run's folder decontamination and run again"
        )

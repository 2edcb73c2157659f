"""Decontamination as a job: the benchmark index that facts map, its controls, and the report."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from decontam.allowlist import AllowlistError, load_allowlist
from decontam.controls import Control, run_controls
from decontam.index import FORMAT, BenchmarkIndex, build_index
from decontam.registry import Registry, RegistryError, load_benchmarks, stored_sources
from decontam.report import SOURCES, make_report
from decontam.summary import summarise
from pipelines.errors import RunError
from pipelines.inspection.views import connect
from pipelines.runner import Outcome, Phase, Task
from pipelines.storage.parts import list_parts, read_signal
from pipelines.storage.run_directory import RunDirectory, written
from schemas.config import Config, Decontaminate, fingerprint
from textkernels.words import NORMALISER

VERSION = 1
REPORT = "report/decontamination"
# Making an index takes as long as ingesting about so many bytes for each stored byte of the benchmarks.
_TIMES_INGEST = 50


@dataclass(frozen=True)
class Benchmarks:
    """What documents are checked against, as files of the run: its items, and the index of them.

    fingerprint: of what they are made from; they need not be there yet.
    """

    fingerprint: str
    stored_bytes: int

    @property
    def index_file(self) -> str:
        return f"decontamination/index-{self.fingerprint[:16]}.arrow"

    @property
    def items_file(self) -> str:
        return f"decontamination/items-{self.fingerprint[:16]}.arrow"

    def index(self, run: RunDirectory) -> BenchmarkIndex:
        return BenchmarkIndex.open(run.local_copy(self.index_file))

    def registry(self, run: RunDirectory) -> Registry:
        return Registry.open(run.local_copy(self.items_file))


def find(decontaminate: Decontaminate) -> Benchmarks:
    """The benchmarks that the config names. Raises RunError where one of them or of the allow-list is not there."""
    with _unreadable_ends_the_run():
        stored = stored_sources(decontaminate.benchmarks)
        allowed = load_allowlist(decontaminate.allow)
    shape = fingerprint("index", VERSION, FORMAT, NORMALISER, stored.sha256, allowed.fingerprint)
    return Benchmarks(shape, stored.bytes)


@contextmanager
def _unreadable_ends_the_run() -> Iterator[None]:
    try:
        yield
    except (RegistryError, AllowlistError) as error:
        raise RunError(f"decontaminate: {error}") from error


def index_phase(config: Decontaminate, benchmarks: Benchmarks) -> Phase:
    """One task, which makes the files of the benchmarks; it may run beside ingest."""
    task = Task("benchmarks", size=_TIMES_INGEST * benchmarks.stored_bytes)
    return Phase("index", benchmarks.fingerprint, [task], partial(_build, config, benchmarks))


def _build(config: Decontaminate, benchmarks: Benchmarks, run: RunDirectory, task: Task) -> Outcome:
    """Read the benchmarks, index them, and put one item of every benchmark through the index.

    Raises RunError where a benchmark can't be read in full, or where a control is not found: a run whose
    controls fail does not publish.
    """
    with _unreadable_ends_the_run():
        registry = load_benchmarks(config.benchmarks)
        allowed = load_allowlist(config.allow)
    items = registry.items.num_rows
    with run.writing(benchmarks.items_file) as draft:
        registry.write(draft)
        files = [written(draft, benchmarks.items_file, items)]
    with run.writing(benchmarks.index_file) as draft:
        build_index(registry, allowed).write(draft)
        files.append(written(draft, benchmarks.index_file, items))
    _require(run_controls(benchmarks.index(run), registry, allowed))
    return Outcome(files, {"items": items, **registry.counts()})


def write_contamination_report(run: RunDirectory, config: Config, benchmarks: Benchmarks) -> None:
    """Write report/decontamination.html, .json and .parquet over all parts.

    Raises RunError where a control fails.
    """
    assert config.decontaminate is not None
    registry, index = benchmarks.registry(run), benchmarks.index(run)
    with _unreadable_ends_the_run():
        allowed = load_allowlist(config.decontaminate.allow)
    controls = run_controls(index, registry, allowed)
    _require(controls)
    summary = summarise(index, _tables(run, "contamination"), _tables(run, "hits"))
    with connect(run, config) as con:
        sources = con.sql(
            "SELECT source, verdict, count(*) AS documents FROM signals WHERE verdict IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ).to_arrow_table()
    report = make_report(
        registry,
        allowed,
        index,
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

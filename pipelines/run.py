"""One run: its stages in order, each resumed where it was left, each closed with its sums."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import textkernels
from pipelines import decontaminate
from pipelines.decontaminate import Benchmarks
from pipelines.dedup import check_source_loss, dedup_phases
from pipelines.errors import RunError
from pipelines.facts import facts_phase, table_digest
from pipelines.fork_server import start_fork_server
from pipelines.ingest import ingest_phase, split_task
from pipelines.inspection.report import write_report
from pipelines.inspection.views import write_views
from pipelines.mix import mix
from pipelines.mixing.mixture import Mixture
from pipelines.runner import Engine, Wave, run_waves
from pipelines.selection import check_selection, selection_sql
from pipelines.storage.lock import locked
from pipelines.storage.parts import list_parts
from pipelines.storage.plan import load_or_make_plan
from pipelines.storage.receipts import is_done, read_receipts
from pipelines.storage.run_directory import RunDirectory
from schemas.config import STAGES, Config, Stage, fingerprint
from schemas.plan import Plan

Show = Callable[[str, int, int], None]
PACKAGES = ("syllabus", "apache-beam", "duckdb", "gigatoken", "numba", "numpy", "pyarrow", "tiktoken")


@dataclass
class Run:
    """A run in progress. Phases are made once: their fingerprints are known before their data."""

    run: RunDirectory
    config: Config
    engine: Engine
    show: Show
    mixture: Mixture | None = None

    @cached_property
    def plan(self) -> Plan:
        return load_or_make_plan(self.run, self.config)

    @cached_property
    def benchmarks(self) -> Benchmarks | None:
        return decontaminate.find(self.config.decontaminate) if self.config.decontaminate else None

    @cached_property
    def ingest(self) -> list[Wave]:
        """Beside the documents, the benchmarks: they wait for nothing, and the first facts need them."""
        phases = [ingest_phase(self.run, self.config, self.plan)]
        if self.config.decontaminate is not None and self.benchmarks is not None:
            phases.append(decontaminate.index_phase(self.config.decontaminate, self.benchmarks))
        return [phases]

    @cached_property
    def facts(self) -> list[Wave]:
        index = (self.benchmarks.index_file, self.benchmarks.fingerprint) if self.benchmarks else None
        return [[facts_phase(self.run, self.config, index)]]

    @cached_property
    def dedup(self) -> list[Wave]:
        if self.config.dedup is None:
            return []
        bands = table_digest(self.facts[0][0], "bands")
        return [[phase] for phase in dedup_phases(self.run, self.config, list_parts(self.run), bands)]

    def waves(self, stage: Stage) -> list[Wave]:
        return {"ingest": lambda: self.ingest, "facts": lambda: self.facts, "dedup": lambda: self.dedup}.get(
            stage, lambda: []
        )()


@dataclass(frozen=True)
class Ended:
    """What a run came to: documents and tokens counted, and the mixture where it was made."""

    totals: dict[str, int]
    mixture: Mixture | None


def run_stages(config: Config, stages: tuple[Stage, ...] | None, engine: Engine, show: Show) -> Ended:
    """Run the stages asked for (all by default), each from where it was left.

    Raises UsageError before anything is written where the config can't be used, RunError where the
    run can't go on.
    """
    check_selection(config)
    wanted = stages or config.stages or STAGES
    run = RunDirectory(absolute(config.run))
    with locked(run):
        run.clear_scratch()
        if engine.workers > 1 and not engine.beam_flags:
            start_fork_server()
        else:
            textkernels.compile_kernels()
        work = Run(run, config, engine, show)
        for stage in STAGES:
            if stage not in wanted:
                continue
            _save_state(run, config, stage, "running")
            try:
                _require_earlier(work, stage)
                _run_stage(work, stage)
            except BaseException as error:
                _save_state(run, config, stage, "failed", str(error))
                raise
            write_views(run, config)
        _save_state(run, config, [stage for stage in STAGES if stage in wanted][-1], "done")
        return Ended(_totals(run), work.mixture)


def absolute(url: str) -> str:
    """A local path made absolute, a URL as it is: workers may stand elsewhere."""
    return url if "://" in url else str(Path(url).expanduser().absolute())


def _run_stage(work: Run, stage: Stage) -> None:
    run, config = work.run, work.config
    if stage == "mix":
        if config.mixture is not None:
            work.mixture = mix(run, config, _digest(work.facts + work.dedup), work.engine, work.show)
    elif stage == "decontaminate":
        if work.benchmarks is not None:
            decontaminate.write_contamination_report(run, config, work.benchmarks)
    elif stage == "report":
        write_report(run, config)
    else:
        run_waves(run, work.waves(stage), work.engine, work.show)
        _check_sums(run, stage)
        if stage == "ingest":
            _check_inputs(run, config, work.plan)
        if stage == "dedup" and config.dedup is not None:
            check_source_loss(run, config)


def _require_earlier(work: Run, stage: Stage) -> None:
    """Whatever comes before must be done for this very config: stale tables are never mixed."""
    for earlier in STAGES[: STAGES.index(stage)]:
        for phase in chain.from_iterable(work.waves(earlier)):
            for task in phase.tasks:
                if not is_done(work.run, phase.stage, task.name, phase.fingerprint_of(task)):
                    raise RunError(
                        f"{stage} needs {earlier}, which is not done for this config ({phase.stage} {task.name}); "
                        f"run with --stages {earlier},{stage} or without --stages"
                    )


def _check_sums(run: RunDirectory, stage: Stage) -> None:
    """Rows in = rows out by every count; the run fails loudly otherwise."""
    ingested = read_receipts(run, "ingest")
    documents = {part["name"]: part["rows"] for r in ingested.values() for part in r.details["parts"]}
    for name, receipt in ingested.items():
        counts = receipt.counts
        out = counts["documents"] + counts["unsampled"] + counts["quarantined"]
        if counts["records"] != out:
            raise RunError(
                f"ingest {name}: {counts['records']} records in, {out} accounted for; nothing is published"
            )
    tables = {"facts": ("quality", "bands", "contamination"), "dedup": ("duplicates",)}.get(stage, ())
    for table in tables:
        for part, receipt in read_receipts(run, table).items():
            if part in documents and receipt.counts["documents"] != documents[part]:
                raise RunError(
                    f"{table} {part}: {documents[part]} documents in, {receipt.counts['documents']} out; "
                    "nothing is published"
                )


def _check_inputs(run: RunDirectory, config: Config, plan: Plan) -> None:
    """An input of which every record is bad has the wrong column names, most likely."""
    receipts = read_receipts(run, "ingest")
    records, bad = [0] * len(config.inputs), [0] * len(config.inputs)
    for split in plan.splits:
        number = plan.files[split.pieces[0].file].input
        counts = receipts[split_task(split.split)].counts
        records[number] += counts["records"]
        bad[number] += counts["quarantined"]
    for number, source in enumerate(config.inputs):
        if records[number] and bad[number] == records[number]:
            raise RunError(
                f"inputs.{number}: all {bad[number]} records of {source.path} are in quarantine; look at them with "
                f'syllabus inspect {run.url} --sql "SELECT * FROM quarantine", and at `text: {source.text}`'
            )


def _digest(waves: list[Wave]) -> str:
    """What later stages build on: the fingerprints of all tasks of these waves."""
    phases = chain.from_iterable(waves)
    return fingerprint([[p.stage, t.name, p.fingerprint_of(t)] for p in phases for t in p.tasks])


def _totals(run: RunDirectory) -> dict[str, int]:
    totals: dict[str, int] = {}
    for receipt in read_receipts(run, "ingest").values():
        for name, count in receipt.counts.items():
            totals[name] = totals.get(name, 0) + count
    for receipt in read_receipts(run, "quality").values():
        totals["unique_tokens"] = totals.get("unique_tokens", 0) + receipt.counts["tokens"]
    return totals


def _save_state(
    run: RunDirectory, config: Config, stage: Stage, state: str, error: str | None = None
) -> None:
    run.write_json(
        "run.json",
        {
            "config": config.model_dump(mode="json"),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
            "state": {"stage": stage, "is": state, **({"error": error} if error else {})},
            "totals": _totals(run),
            "selection": selection_sql(config),
        },
    )

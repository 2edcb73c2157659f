"""One run: its stages in order, each resumed where it was left, each closed with its sums."""

import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from classifiers.personal_data import unstable_replacements
from pipelines import decontaminate
from pipelines.decontaminate import Benchmarks
from pipelines.dedup import check_source_loss, dedup_phases
from pipelines.errors import RunError, UsageError
from pipelines.fact_tables.quality_columns import load_block_lists
from pipelines.facts import FACT_TABLES, facts_phase, table_digest
from pipelines.fork_server import start_fork_server
from pipelines.ingest import ingest_phase, split_task
from pipelines.inspection.idle_settings import idle_settings
from pipelines.inspection.report import write_report
from pipelines.inspection.unknown_facts import unknown_facts
from pipelines.inspection.views import write_views
from pipelines.mix import mix
from pipelines.mixing.mixture import Mixture
from pipelines.norms import norms_phase
from pipelines.runner import Engine, Wave, run_waves
from pipelines.selection import check_selection, selection_sql
from pipelines.storage.lock import locked
from pipelines.storage.parts import GENERATED, ingested_parts, list_parts, part_rows
from pipelines.storage.plan import load_or_make_plan
from pipelines.storage.receipts import is_done, read_receipts
from pipelines.storage.run_directory import RunDirectory
from pipelines.synthesis.generated import forget_generated
from pipelines.synthesis.models import MissingModel, check_servable
from pipelines.synthesis.preview import Preview, preview_synthesis
from pipelines.synthesize import Synthesis, check_synthesis, plan_synthesis, synthesize
from pipelines.warm_up import compile_everything
from schemas.config import STAGES, Config, Stage, fingerprint
from schemas.plan import TABLE_FORMATS, WHY_PASSED_OVER, Plan

Show = Callable[[str, int, int], None]
FORMAT = 2
"""Of a run's tables: a run of another format is not gone on with."""
PACKAGES = (
    "syllabus",
    "apache-beam",
    "duckdb",
    "fastwarc",
    "gigatoken",
    "numba",
    "numpy",
    "pyarrow",
    "resiliparse",
    "tiktoken",
)


@dataclass(frozen=True)
class Tables:
    """The waves that make facts and duplicates of a set of parts. Their fingerprints are known before their data."""

    facts: list[Wave]
    dedup: list[Wave]

    @property
    def waves(self) -> list[Wave]:
        return [*self.facts, *self.dedup]


@dataclass
class Run:
    """A run in progress. notes: what its user should be told at the end."""

    run: RunDirectory
    config: Config
    engine: Engine
    show: Show
    mixture: Mixture | None = None
    notes: list[str] = field(default_factory=list)

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
    def ingested(self) -> Tables:
        """Facts and duplicates of the documents that were read."""
        return self._tables(ingested_parts(self.run))

    @cached_property
    def synthesis(self) -> Synthesis | None:
        """What generates documents out of those that were read; None where nothing does.

        Raises MissingModel where a model is not there and the run is not to go on without.
        """
        if self.config.synthesize is None:
            return None
        try:
            synthesis = plan_synthesis(self.run, self.config, _digest(self.ingested.waves))
            if not synthesis.is_current(self.run):
                check_servable(synthesis.models)
            return synthesis
        except MissingModel as error:
            if self.config.synthesize.on_missing == "fail" or self.run.list(f"receipts/{GENERATED}"):
                raise
            self.notes.append(f"synthesize was skipped: {error}")
            return None

    @property
    def is_generated(self) -> bool:
        return self.synthesis is not None and self.synthesis.is_current(self.run)

    @property
    def tables(self) -> Tables:
        """Facts and duplicates of all documents that are there."""
        return self.everything if self.is_generated else self.ingested

    @cached_property
    def everything(self) -> Tables:
        return self._tables(list_parts(self.run))

    def _tables(self, parts: dict[str, int]) -> Tables:
        index = (self.benchmarks.index_file, self.benchmarks.fingerprint) if self.benchmarks else None
        facts = facts_phase(self.run, self.config, parts, index)
        norms = norms_phase(self.config, table_digest(facts, "quality", ingested_parts(self.run)))
        if self.config.dedup is None:
            return Tables([[facts], [norms]], [])
        dedup = dedup_phases(self.run, self.config, parts, table_digest(facts, "bands", parts))
        return Tables([[facts], [norms]], [[phase] for phase in dedup])

    def waves(self, stage: Stage) -> list[Wave]:
        if stage == "ingest":
            return self.ingest
        return {"facts": self.tables.facts, "dedup": self.tables.dedup}.get(stage, [])


@dataclass(frozen=True)
class Ended:
    """What a run came to: documents and tokens counted, the mixture where it was made, and what to know of it."""

    totals: dict[str, int]
    mixture: Mixture | None
    notes: list[str]


def run_stages(config: Config, stages: tuple[Stage, ...] | None, engine: Engine, show: Show) -> Ended:
    """Run the stages asked for (all by default), each from where it was left.

    Raises UsageError before anything is written where the config can't be used, RunError where the
    run can't go on.
    """
    check(config)
    wanted = stages or config.stages or STAGES
    run = RunDirectory(absolute(config.run))
    with locked(run):
        _require_format(run)
        run.clear_scratch()
        if engine.workers > 1 and not engine.beam_flags:
            start_fork_server()
        compile_everything(show)
        work = Run(run, config, engine, show)
        for stage in STAGES:
            if stage not in wanted:
                continue
            _save_state(run, config, stage, "running")
            try:
                _require_earlier(work, stage)
                if stage != "ingest" and not work.is_generated:
                    forget_generated(run)
                _run_stage(work, stage)
            except BaseException as error:
                _save_state(run, config, stage, "failed", str(error))
                raise
            write_views(run, config)
        work.notes += [*_passed_over(work.plan), *unknown_facts(run, config), *_unusable_entries(config)]
        work.notes += idle_settings(run, config)
        _save_state(run, config, [stage for stage in STAGES if stage in wanted][-1], "done")
        return Ended(_totals(run), work.mixture, work.notes)


def check(config: Config) -> None:
    """Raises UsageError for what can be known to be wrong before anything is read."""
    check_selection(config)
    check_synthesis(config)
    if config.privacy is not None:
        for kind, replacement in unstable_replacements(config.privacy):
            raise UsageError(
                f"privacy.{kind}: {replacement!r} holds personal data itself; a replacement must be none, or all of it"
            )


def preview(config: Config, seeds: int, engine: Engine, show: Show) -> Preview:
    """Have the first seeds written, with all that they need done before.

    Raises UsageError where the config synthesizes nothing, RunError where the run can't go on.
    """
    if config.synthesize is None:
        raise UsageError("--preview needs the section `synthesize` in the config")
    before = STAGES[: STAGES.index("synthesize")]
    run_stages(config, before, engine, show)
    run = RunDirectory(absolute(config.run))
    with locked(run):
        synthesis = Run(run, config, engine, show).synthesis
        if synthesis is None:
            raise RunError(
                "--preview: a model of the config is not there; set synthesize.on_missing: fail to see which"
            )
        run_waves(run, [[synthesis.seeds_phase]], engine, show)
        return preview_synthesis(run, config.synthesize, synthesis.models, seeds)


def absolute(url: str) -> str:
    """A local path made absolute, a URL as it is: workers may stand elsewhere."""
    return url if "://" in url else str(Path(url).expanduser().absolute())


def _run_stage(work: Run, stage: Stage) -> None:
    run, config = work.run, work.config
    if stage == "mix":
        if config.mixture is not None:
            work.mixture = mix(run, config, _digest(work.tables.waves), work.engine, work.show)
    elif stage == "decontaminate":
        if work.benchmarks is not None:
            decontaminate.write_contamination_report(run, config, work.benchmarks)
    elif stage == "synthesize":
        if work.synthesis is not None:
            _synthesize(work, work.synthesis)
    elif stage == "report":
        write_report(run, config)
    else:
        run_waves(run, work.waves(stage), work.engine, work.show)
        _check_sums(run, stage)
        if stage == "ingest":
            _check_inputs(run, config, work.plan)
        if stage == "dedup" and config.dedup is not None:
            check_source_loss(run, config)


def _synthesize(work: Run, synthesis: Synthesis) -> None:
    """Generate documents, and put them through all that the others went through."""
    if not work.is_generated:
        synthesize(work.run, synthesis, work.engine, work.show)
    for stage in ("facts", "dedup", "decontaminate"):
        _run_stage(work, stage)


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
    if (
        STAGES.index(stage) > STAGES.index("synthesize")
        and work.synthesis is not None
        and not work.is_generated
    ):
        raise RunError(f"{stage} needs synthesize, which is not done for this config; run without --stages")


def _check_sums(run: RunDirectory, stage: Stage) -> None:
    """Rows in = rows out by every count; the run fails loudly otherwise."""
    ingested = read_receipts(run, "ingest")
    documents = part_rows(run)
    for name, receipt in ingested.items():
        counts = receipt.counts
        out = counts["documents"] + counts["unsampled"] + counts["quarantined"]
        if counts["records"] != out:
            raise RunError(
                f"ingest {name}: {counts['records']} records in, {out} accounted for; nothing is published"
            )
    tables = {"facts": FACT_TABLES, "dedup": ("duplicates",)}.get(stage, ())
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
    columns = {file.input for file in plan.files if file.format in TABLE_FORMATS}
    for number, source in enumerate(config.inputs):
        if records[number] and bad[number] == records[number]:
            hint = f", and at `text: {source.text}`" if number in columns else ""
            raise RunError(
                f"inputs.{number}: all {bad[number]} records of {source.path} are in quarantine; look at them with "
                f'syllabus inspect {run.url} --sql "SELECT * FROM quarantine"{hint}'
            )


def _passed_over(plan: Plan) -> list[str]:
    """A sentence for every reason for which files of an input are not read."""
    return [
        f"inputs.{one.input}: {one.count:,} not read: {WHY_PASSED_OVER[one.why]}; first {one.paths[0]}"
        for one in plan.passed_over
    ]


def _unusable_entries(config: Config) -> list[str]:
    """A sentence where lines of the block lists are no entries."""
    unusable = load_block_lists(config.block).unusable if config.block else ()
    if not unusable:
        return []
    return [f"block: {len(unusable):,} lines are no entry and block nothing, first {unusable[0]}"]


def _digest(waves: list[Wave]) -> str:
    """What later stages build on: the fingerprints of all tasks of these waves."""
    phases = chain.from_iterable(waves)
    return fingerprint([[p.stage, t.name, p.fingerprint_of(t)] for p in phases for t in p.tasks])


def _require_format(run: RunDirectory) -> None:
    if run.exists("run.json") and run.read_json("run.json").get("format") != FORMAT:
        raise RunError(
            f"{run.url} was made by a version of Syllabus with other tables; start a new run folder, or remove this one"
        )


def _totals(run: RunDirectory) -> dict[str, int]:
    totals: dict[str, int] = {}
    for receipt in read_receipts(run, "ingest").values():
        for name, count in receipt.counts.items():
            totals[name] = totals.get(name, 0) + count
    for receipt in read_receipts(run, GENERATED).values():
        totals["generated"] = totals.get("generated", 0) + receipt.counts["documents"]
    for receipt in read_receipts(run, "quality").values():
        totals["tokens"] = totals.get("tokens", 0) + receipt.counts["tokens"]
    return totals


def _save_state(
    run: RunDirectory, config: Config, stage: Stage, state: str, error: str | None = None
) -> None:
    run.write_json(
        "run.json",
        {
            "format": FORMAT,
            "config": config.model_dump(mode="json"),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
            "state": {"stage": stage, "is": state, **({"error": error} if error else {})},
            "totals": _totals(run),
            "selection": selection_sql(config),
        },
    )

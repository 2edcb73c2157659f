"""Runs phases of tasks as one Beam pipeline. Elements are task names and small payloads, never documents."""

import heapq
import os
import queue
import resource
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Any

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipelines.errors import RunError
from pipelines.storage.receipts import commit_receipt, discard_receipt, is_done, read_receipt
from pipelines.storage.run_directory import RunDirectory
from pipelines.workers import ForkedEnvironment, on_death
from schemas.receipts import Receipt, WrittenFile


@dataclass(frozen=True)
class Task:
    """A unit of work: its name is its receipt's, its size (bytes, about) puts the largest first.

    `fingerprint` overrides the phase's where a task's inputs are its own.
    """

    name: str
    payload: dict[str, Any] = field(default_factory=dict)
    size: int = 0
    fingerprint: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What a task wrote and counted."""

    files: list[WrittenFile]
    counts: dict[str, int]
    details: dict[str, Any] = field(default_factory=dict)


Work = Callable[[RunDirectory, Task], Outcome]


@dataclass(frozen=True)
class Phase:
    """Tasks that may run at the same time. `work` is a module-level function, or a partial of one.

    progress: where tasks are few and long, what to show of them beside how many are done: a name, how much of it is
    done, and all of it.
    """

    stage: str
    fingerprint: str
    tasks: list[Task]
    work: Work
    progress: Callable[[RunDirectory], tuple[str, int, int]] | None = None

    def fingerprint_of(self, task: Task) -> str:
        return task.fingerprint or self.fingerprint


Wave = Sequence[Phase]
"""Phases whose tasks may all run at the same time."""


@dataclass(frozen=True)
class Engine:
    """How tasks are run: worker processes of the embedded runner, or any Beam runner by its flags."""

    workers: int = 1
    beam_flags: tuple[str, ...] = ()


class _RunTask(beam.DoFn):
    """Does one task of a wave unless its receipt stands, commits the receipt, and yields whether all is well."""

    def __init__(self, url: str, wave: Wave):
        self.url = url
        self.works = {phase.stage: (phase.fingerprint, phase.work) for phase in wave}

    def setup(self) -> None:
        self.run = RunDirectory(self.url)

    def process(self, element: tuple[str, Task] | None, earlier: Iterable[bool] = ()) -> Iterator[bool]:
        if element is None or not all(earlier):
            yield element is None
            return
        stage, task = element
        fingerprint, work = self.works[stage]
        yield perform(self.run, stage, task.fingerprint or fingerprint, work, task)


def perform(run: RunDirectory, stage: str, fingerprint: str, work: Work, task: Task) -> bool:
    """Do one task and commit its receipt; on an error leave a record of the failure and return False."""
    if is_done(run, stage, task.name, fingerprint):
        return True
    began = time.monotonic()
    try:
        discard_receipt(run, stage, task.name)
        outcome = work(run, task)
    except Exception as error:
        message = str(error) if isinstance(error, RunError) else f"{type(error).__name__}: {error}"
        failure = {"error": message, "traceback": traceback.format_exc()}
        run.write_json(f"failures/{stage}/{task.name}.json", failure)
        return False
    commit_receipt(
        run,
        Receipt(
            stage=stage,
            task=task.name,
            fingerprint=fingerprint,
            files=outcome.files,
            counts=outcome.counts,
            details=outcome.details,
            seconds=round(time.monotonic() - began, 3),
            peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        ),
    )
    return True


def run_waves(
    run: RunDirectory, waves: Sequence[Wave], engine: Engine, show: Callable[[str, int, int], None]
) -> None:
    """Run every task without a standing receipt, wave after wave, in one pipeline.

    `show` is called with a stage, tasks done and tasks in all. Raises RunError that names the first
    failed task; receipts of the others stand, so a rerun does only what is missing.
    """
    phases = [phase for wave in waves for phase in wave]
    pending = {
        phase.stage: [
            t for t in phase.tasks if not is_done(run, phase.stage, t.name, phase.fingerprint_of(t))
        ]
        for phase in phases
    }
    for phase in phases:
        show(phase.stage, len(phase.tasks) - len(pending[phase.stage]), len(phase.tasks))
    if not any(pending.values()):
        return
    run.remove("failures")
    with _progress(run, phases, pending, show):
        _run_pipeline(run, waves, pending, engine)
    for phase in phases:
        _require_all(run, phase)
        show(phase.stage, len(phase.tasks), len(phase.tasks))
        if phase.progress is not None:
            name, _, everything = phase.progress(run)
            show(name, everything, everything)


def _run_pipeline(
    run: RunDirectory, waves: Sequence[Wave], pending: dict[str, list[Task]], engine: Engine
) -> None:
    most = max(sum(len(pending[phase.stage]) for phase in wave) for wave in waves)
    workers = min(engine.workers, most)
    if engine.beam_flags:
        pipeline = beam.Pipeline(options=PipelineOptions(list(engine.beam_flags)))
    else:
        runner, options = _embedded(run, workers)
        pipeline = beam.Pipeline(runner, options)
    done = None
    for wave in waves:
        tasks = [(phase.stage, task) for phase in wave for task in pending[phase.stage]]
        if not tasks:
            continue
        name = "+".join(phase.stage for phase in wave)
        elements = (
            pipeline
            | f"{name}: tasks" >> beam.Create(_deal(tasks, workers), reshuffle=False)
            | f"{name}: spread" >> beam.Reshuffle()
        )
        sides = () if done is None else (beam.pvalue.AsIter(done),)
        done = elements | f"{name}: work" >> beam.ParDo(_RunTask(run.url, wave), *sides)
    try:
        _wait(pipeline)
    except Exception as error:
        for wave in waves:
            for phase in wave:
                _require_all(run, phase)
        raise RunError(
            f"the Beam runner ended with {type(error).__name__}: {error}; run again to go on"
        ) from error


def _deal(tasks: list[tuple[str, Task]], workers: int) -> list[tuple[str, Task] | None]:
    """The tasks in the order that gives every worker its share where the embedded runner deals them in turn.

    The largest first, each to the worker with the least; None where a worker has no more.
    """
    hands: list[tuple[int, int, list[tuple[str, Task]]]] = [(0, worker, []) for worker in range(workers)]
    for stage, task in sorted(tasks, key=lambda one: (-one[1].size, one[0], one[1].name)):
        size, worker, hand = heapq.heappop(hands)
        hand.append((stage, task))
        heapq.heappush(hands, (size + task.size + 1, worker, hand))
    return list(chain.from_iterable(zip_longest(*(hand for _, _, hand in sorted(hands, key=lambda h: h[1])))))


def _wait(pipeline: beam.Pipeline) -> None:
    """Run the pipeline to its end. The embedded runner waits for ever for a worker process that died,
    so it waits in a thread of its own, and the death ends the run.
    """
    ended: queue.Queue[BaseException | None] = queue.Queue()

    def wait() -> None:
        try:
            pipeline.run().wait_until_finish()
            ended.put(None)
        except Exception as error:
            ended.put(error)

    usual = threading.excepthook

    def speak(failure: threading.ExceptHookArgs) -> None:
        # The runner's threads, each cut off where a worker dies or a pipeline ends, have nothing to say to people.
        if not isinstance(failure.exc_value, grpc.RpcError):
            usual(failure)

    on_death(ended.put)
    threading.excepthook = speak
    threading.Thread(target=wait, daemon=True).start()
    error = ended.get()
    if error is not None:
        raise error


def _embedded(run: RunDirectory, workers: int) -> tuple[FnApiRunner, PipelineOptions]:
    """The embedded runner: in this process for one worker, else with that many worker processes.

    Never multi_threading, which loses rows in Beam 2.77, and never DirectRunner by name, which may try to
    download another engine. Worker processes log to a file: Beam's own start-up chatter is not for people.
    """
    if workers <= 1:
        return FnApiRunner(), PipelineOptions(["--direct_running_mode=in_memory"])
    log = os.devnull
    if run.is_local:
        log = run.path("logs/workers.log")
        os.makedirs(os.path.dirname(log), exist_ok=True)
    options = PipelineOptions(
        [f"--direct_num_workers={workers}", "--default_sdk_harness_log_level=CRITICAL"],
    )
    return FnApiRunner(default_environment=ForkedEnvironment(log)), options


def _require_all(run: RunDirectory, phase: Phase) -> None:
    for task in phase.tasks:
        name = f"failures/{phase.stage}/{task.name}.json"
        if run.exists(name):
            failure = run.read_json(name)
            raise RunError(f"{phase.stage} {task.name}: {failure['error']} (traceback in {run.path(name)})")
    missing = [t.name for t in phase.tasks if not is_done(run, phase.stage, t.name, phase.fingerprint_of(t))]
    if missing:
        raise RunError(
            f"{phase.stage}: {len(missing)} of {len(phase.tasks)} tasks left no receipt, first {missing[0]}: "
            "a worker died; what the others did is kept, run again to go on"
        )


@contextmanager
def _progress(
    run: RunDirectory,
    phases: list[Phase],
    pending: dict[str, list[Task]],
    show: Callable[[str, int, int], None],
) -> Iterator[None]:
    """Report receipts as they appear while the pipeline blocks."""
    stop = threading.Event()

    def watch() -> None:
        seen: dict[str, set[str]] = {phase.stage: set() for phase in phases}
        while not stop.wait(1.0):
            for phase in phases:
                waiting = [t for t in pending[phase.stage] if t.name not in seen[phase.stage]]
                for task in waiting[: 4 * (os.cpu_count() or 1) + 16]:
                    receipt = read_receipt(run, phase.stage, task.name)
                    if receipt is not None and receipt.fingerprint == phase.fingerprint_of(task):
                        seen[phase.stage].add(task.name)
                before = len(phase.tasks) - len(pending[phase.stage])
                show(phase.stage, before + len(seen[phase.stage]), len(phase.tasks))
                if phase.progress is not None:
                    show(*phase.progress(run))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()

"""Runs phases of tasks as one Beam pipeline. Elements are task names and small payloads, never documents."""

import os
import queue
import resource
import shlex
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

from pipelines.errors import RunError
from pipelines.storage.receipts import commit_receipt, discard_receipt, is_done, read_receipt
from pipelines.storage.run_directory import RunDirectory
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
    """Tasks that may run at the same time. `work` is a module-level function, or a partial of one."""

    stage: str
    fingerprint: str
    tasks: list[Task]
    work: Work

    def fingerprint_of(self, task: Task) -> str:
        return task.fingerprint or self.fingerprint


@dataclass(frozen=True)
class Engine:
    """How tasks are run: worker processes of the embedded runner, or any Beam runner by its flags."""

    workers: int = 1
    beam_flags: tuple[str, ...] = ()


class _RunTask(beam.DoFn):
    """Does one task unless its receipt stands, commits the receipt, and yields whether all is well."""

    def __init__(self, url: str, phase: Phase):
        self.url = url
        self.stage = phase.stage
        self.fingerprint = phase.fingerprint
        self.work = phase.work

    def setup(self) -> None:
        self.run = RunDirectory(self.url)

    def process(self, task: Task, earlier: Iterable[bool] = ()) -> Iterator[bool]:
        if not all(earlier):
            yield False
            return
        yield perform(self.run, self.stage, task.fingerprint or self.fingerprint, self.work, task)


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


def run_phases(
    run: RunDirectory, phases: list[Phase], engine: Engine, show: Callable[[str, int, int], None]
) -> None:
    """Run every task without a standing receipt, phase after phase, in one pipeline.

    `show` is called with a stage, tasks done and tasks in all. Raises RunError that names the first
    failed task; receipts of the others stand, so a rerun does only what is missing.
    """
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
        _run_pipeline(run, phases, pending, engine)
    for phase in phases:
        _require_all(run, phase)
        show(phase.stage, len(phase.tasks), len(phase.tasks))


def _run_pipeline(
    run: RunDirectory, phases: list[Phase], pending: dict[str, list[Task]], engine: Engine
) -> None:
    most = max(len(tasks) for tasks in pending.values())
    if engine.beam_flags:
        pipeline = beam.Pipeline(options=PipelineOptions(list(engine.beam_flags)))
    else:
        runner, options = _embedded(run, min(engine.workers, most))
        pipeline = beam.Pipeline(runner, options)
    done = None
    for phase in phases:
        tasks = sorted(pending[phase.stage], key=lambda task: (-task.size, task.name))
        if not tasks:
            continue
        elements = (
            pipeline
            | f"{phase.stage}: tasks" >> beam.Create(tasks, reshuffle=False)
            | f"{phase.stage}: spread" >> beam.Reshuffle()
        )
        sides = () if done is None else (beam.pvalue.AsIter(done),)
        done = elements | f"{phase.stage}: work" >> beam.ParDo(_RunTask(run.url, phase), *sides)
    try:
        _wait(pipeline)
    except Exception as error:
        for phase in phases:
            _require_all(run, phase)
        raise RunError(
            f"the Beam runner ended with {type(error).__name__}: {error}; run again to go on"
        ) from error


def _wait(pipeline: beam.Pipeline) -> None:
    """Run the pipeline to its end. The embedded runner waits for ever for a worker process that died,
    so it waits in a thread of its own, and the death, which Beam raises in another thread, ends the run.
    """
    ended: queue.Queue[BaseException | None] = queue.Queue()

    def wait() -> None:
        try:
            pipeline.run().wait_until_finish()
            ended.put(None)
        except Exception as error:
            ended.put(error)

    def watch(failure: threading.ExceptHookArgs) -> None:
        if str(failure.exc_value).startswith("Worker subprocess exited"):
            ended.put(failure.exc_value)

    usual, threading.excepthook = threading.excepthook, watch
    threading.Thread(target=wait, daemon=True).start()
    error = ended.get()
    if error is not None:
        # The hook stays: what is left of the runner's threads has nothing more to say.
        raise error
    threading.excepthook = usual


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
    command = f"exec {shlex.quote(sys.executable)} -m apache_beam.runners.worker.sdk_worker_main"
    environment = SubprocessSDKEnvironment.from_command_string(f"{command} 2>>{shlex.quote(log)}")
    options = PipelineOptions(
        [f"--direct_num_workers={workers}", "--default_sdk_harness_log_level=CRITICAL"],
    )
    return FnApiRunner(default_environment=environment), options


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

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()

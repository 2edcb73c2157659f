"""Tasks are done once, in phases, on any number of workers; what failed is named and what was done stands."""

import os
from pathlib import Path

import pytest

from pipelines.errors import RunError
from pipelines.runner import Engine, Outcome, Phase, Task, run_waves
from pipelines.storage.receipts import read_receipts
from pipelines.storage.run_directory import RunDirectory


def quiet(stage, done, total):
    pass


def write(run, task):
    with open(run.path("log"), "a") as log:
        log.write(f"{task.name}\n")
    return Outcome([run.write_bytes(f"out/{task.name}", b"x")], {"n": 1})


def needs_the_first_phase(run, task):
    assert len(run.list("out")) >= 4
    return write(run, task)


def fail(run, task):
    if task.name == "bad":
        raise RunError("the file is broken; mend it and run again")
    return write(run, task)


def die_once(run, task):
    if task.name == "dies" and not run.exists("died"):
        run.write_bytes("died", b"")
        os._exit(9)
    return write(run, task)


def log_process(run, task):
    with open(run.path("log"), "a") as log:
        log.write(f"{task.name}:{os.getpid()}\n")
    return Outcome([], {})


def log(run):
    return Path(run.path("log")).read_text().split() if run.exists("log") else []


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_phase_starts_when_the_one_before_it_is_done(run, workers):
    first = Phase("first", "f", [Task(f"a{k}") for k in range(4)], write)
    second = Phase("second", "f", [Task(f"b{k}") for k in range(2)], needs_the_first_phase)
    run_waves(run, [[first], [second]], Engine(workers), quiet)
    assert set(read_receipts(run, "first")) == {"a0", "a1", "a2", "a3"}
    assert set(read_receipts(run, "second")) == {"b0", "b1"}


def test_a_task_with_a_standing_receipt_is_not_done_again(run):
    phase = Phase("first", "f", [Task("a"), Task("b")], write)
    run_waves(run, [[phase]], Engine(), quiet)
    run_waves(run, [[phase]], Engine(), quiet)
    assert sorted(log(run)) == ["a", "b"]


def test_another_fingerprint_does_the_task_again(run):
    run_waves(run, [[Phase("first", "f", [Task("a"), Task("b", fingerprint="own")], write)]], Engine(), quiet)
    run_waves(run, [[Phase("first", "g", [Task("a"), Task("b", fingerprint="own")], write)]], Engine(), quiet)
    assert sorted(log(run)) == ["a", "a", "b"]


def test_a_lost_file_does_its_task_again(run):
    phase = Phase("first", "f", [Task("a"), Task("b")], write)
    run_waves(run, [[phase]], Engine(), quiet)
    run.remove("out/b")
    run_waves(run, [[phase]], Engine(), quiet)
    assert sorted(log(run)) == ["a", "b", "b"]


def test_a_failed_task_is_named_and_stops_later_phases_but_keeps_the_others(run):
    first = Phase("first", "f", [Task("good"), Task("bad")], fail)
    with pytest.raises(RunError, match="first bad: the file is broken; mend it and run again"):
        run_waves(run, [[first], [Phase("second", "f", [Task("later")], write)]], Engine(), quiet)
    assert set(read_receipts(run, "first")) == {"good"}
    assert read_receipts(run, "second") == {}


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_phases_of_one_wave_are_all_done(run, workers):
    wave = [
        Phase("documents", "f", [Task(f"a{k}", size=k) for k in range(5)], write),
        Phase("index", "g", [Task("large", size=100)], write),
    ]
    run_waves(run, [wave], Engine(workers), quiet)
    assert sorted(log(run)) == ["a0", "a1", "a2", "a3", "a4", "large"]
    assert read_receipts(run, "index")["large"].fingerprint == "g"


@pytest.mark.slow
def test_a_worker_beside_a_large_task_does_all_the_small_ones(run):
    wave = [
        Phase("first", "f", [Task("large", size=9)] + [Task(f"a{k}", size=1) for k in range(4)], log_process)
    ]
    run_waves(run, [wave], Engine(2), quiet)
    process = dict(line.split(":") for line in log(run))
    assert len({process[f"a{k}"] for k in range(4)}) == 1
    assert process["large"] != process["a0"]


@pytest.mark.slow
def test_a_worker_that_dies_ends_the_run_and_a_rerun_finishes_it(run):
    phase = Phase("first", "f", [Task("dies"), Task("a"), Task("b"), Task("c")], die_once)
    with pytest.raises(RunError, match="run again to go on"):
        run_waves(run, [[phase]], Engine(2), quiet)
    run_waves(run, [[phase]], Engine(2), quiet)
    assert set(read_receipts(run, "first")) == {"dies", "a", "b", "c"}


def test_progress_counts_every_task(run):
    seen = []
    run_waves(
        run, [[Phase("first", "f", [Task("a"), Task("b")], write)]], Engine(), lambda *now: seen.append(now)
    )
    assert seen[0] == ("first", 0, 2)
    assert seen[-1] == ("first", 2, 2)

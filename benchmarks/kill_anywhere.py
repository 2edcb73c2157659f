"""Kills runs with SIGKILL at moments spread over all stages, goes on with them, and compares every byte.

    python benchmarks/kill_anywhere.py CONFIG --work FOLDER [--kills 20] [--workers 2] [--syllabus 'syllabus']

A run in a fresh folder is the reference. Then each killed run starts in a folder of its own, is killed (the whole
process group, the driver alone, or one worker, upon which the driver must end by itself within two minutes) when
its moment has come, and is run again to the end. Moments: when a stage
has its first receipt and when it has half of them, when a data file stands whose receipt does not, when an
exchange has its first file, while a draft is being written. Compared: documents/, signals/, shards/ (the manifest
among them) by SHA-256 of every file, no file more and no file less. Also compares one worker with several. Exit
code 1 on any difference; processes that are still alive
20 seconds after the second run's end count as one, and are ended.
"""

import argparse
import hashlib
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

COMPARED = ("documents", "signals", "shards")
VICTIMS = ("all", "driver", "worker", "driver")
MARK = "SYLLABUS_KILL_MARK"


@dataclass(frozen=True)
class Moment:
    """When to kill: `come` tells of a run's folder whether it is time."""

    name: str
    come: Callable[[Path], bool]


class Runs:
    """Starts `syllabus run` on copies of a config that differ in the run's folder."""

    def __init__(self, config: Path, work: Path, command: str):
        self.plain = yaml.safe_load(config.read_text())
        self.work, self.command = work, shlex.split(command)
        self.mark = uuid.uuid4().hex

    def start(self, run: Path, workers: int) -> subprocess.Popen:
        config = self.work / f"{run.name}.yaml"
        config.write_text(yaml.safe_dump({**self.plain, "run": str(run)}))
        return subprocess.Popen(
            [*self.command, "run", str(config), "--workers", str(workers)],
            stdout=subprocess.DEVNULL,
            stderr=open(self.work / f"{run.name}.log", "a"),
            env={**os.environ, MARK: self.mark},
            start_new_session=True,
        )

    def finish(self, run: Path, workers: int) -> int:
        return self.start(run, workers).wait()

    def left_over(self) -> list[int]:
        """Processes of these runs that are alive."""
        alive = []
        for entry in Path("/proc").iterdir():
            try:
                if f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes():
                    state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
                    alive += [int(entry.name)] if state not in "ZX" else []
            except (OSError, ValueError, IndexError):
                continue
        return alive


def digests(run: Path) -> dict[str, str]:
    found = {}
    for folder in COMPARED:
        for path in sorted((run / folder).rglob("*")):
            if path.is_file():
                with open(path, "rb") as file:
                    found[str(path.relative_to(run))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def receipts(run: Path) -> dict[str, list[Path]]:
    """Receipts by stage, the stages in the order in which they began."""
    by_stage = {folder.name: sorted(folder.glob("*.json")) for folder in (run / "receipts").glob("*")}
    by_stage = {stage: files for stage, files in by_stage.items() if files}
    return dict(sorted(by_stage.items(), key=lambda item: min(path.stat().st_mtime_ns for path in item[1])))


def has_receipts(stage: str, count: int) -> Callable[[Path], bool]:
    return lambda run: sum(1 for _ in (run / "receipts" / stage).glob("*.json")) >= count


def unreceipted(pairs: list[tuple[str, str]]) -> Callable[[Path], bool]:
    """Whether a file stands whose receipt is absent. pairs: names of a file and of its receipt."""
    return lambda run: any((run / file).exists() and not (run / receipt).exists() for file, receipt in pairs)


def has_file(folder: str) -> Callable[[Path], bool]:
    return lambda run: any(path.is_file() for path in (run / folder).glob("*"))


def moments(reference: Path) -> list[Moment]:
    """Every moment that the reference shows there is."""
    found = []
    pairs: dict[str, list[tuple[str, str]]] = {}
    for stage, files in receipts(reference).items():
        found.append(Moment(f"{stage}: first receipt", has_receipts(stage, 1)))
        if len(files) > 1:
            found.append(Moment(f"{stage}: half of its receipts", has_receipts(stage, (len(files) + 1) // 2)))
        for path in files:
            for file in json.loads(path.read_text())["files"]:
                pair = (file["path"], str(path.relative_to(reference)))
                pairs.setdefault(file["path"].rsplit("/", 1)[0], []).append(pair)
    for folder, own in pairs.items():
        found.append(Moment(f"{folder}: data without receipt", unreceipted(own)))
    for folder in sorted((reference / "exchange").glob("*")):
        found.append(Moment(f"exchange {folder.name}: first file", has_file(f"exchange/{folder.name}")))
    found.append(Moment("a draft being written", has_file(".scratch")))
    found.append(Moment("the plan is made", lambda run: (run / "plan.json").exists()))
    return found


def spread(found: list[Moment], count: int) -> list[Moment]:
    """`count` moments, evenly over all there are; more than there are come round again."""
    if count >= len(found):
        return [found[k % len(found)] for k in range(count)]
    return [found[k * len(found) // count] for k in range(count)]


def kill_at(runs: Runs, run: Path, moment: Moment, workers: int, delay: float, victim: str) -> str:
    """Start a run and kill it, or a part of it, at its moment. Returns what was killed."""
    process = runs.start(run, workers)
    while process.poll() is None and not moment.come(run):
        time.sleep(0.001)
    time.sleep(delay)
    others = [pid for pid in runs.left_over() if pid != process.pid] if victim == "worker" else []
    if process.poll() is not None:
        return "over before"
    if others:
        os.kill(max(others), signal.SIGKILL)
        try:
            return f"worker, {'ended' if process.wait(120) else 'went on'}"
        except subprocess.TimeoutExpired:
            victim = "HUNG"
    (os.kill if victim == "driver" else os.killpg)(process.pid, signal.SIGKILL)
    process.wait()
    return victim if others or victim != "worker" else "all"


def differences(reference: dict[str, str], run: Path) -> list[str]:
    own = digests(run)
    return sorted(name for name in reference.keys() | own.keys() if reference.get(name) != own.get(name))


def await_end(runs: Runs, seconds: float = 20.0) -> list[int]:
    """Processes still alive after a while; they are ended."""
    until = time.monotonic() + seconds
    while (alive := runs.left_over()) and time.monotonic() < until:
        time.sleep(0.2)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
    return alive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for the runs; they are removed when right"
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="moments whose name holds this")
    parser.add_argument("--syllabus", default="syllabus", help="the command")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    runs = Runs(args.config, args.work.resolve(), args.syllabus)
    reference = runs.work / "reference"
    shutil.rmtree(reference, ignore_errors=True)
    began = time.monotonic()
    if runs.finish(reference, args.workers) != 0:
        sys.exit(f"the reference run failed, see {args.work}/reference.log")
    right = digests(reference)
    print(
        f"reference: {len(right)} files, {time.monotonic() - began:.1f} s with {args.workers} workers",
        flush=True,
    )
    failed = 0

    one = runs.work / "one-worker"
    shutil.rmtree(one, ignore_errors=True)
    code, different = runs.finish(one, 1), differences(right, one)
    failed += bool(code or different)
    print(f"one worker: exit code {code}, {len(different)} files differ {different[:3]}", flush=True)

    chance = random.Random(args.seed)
    found = [moment for moment in moments(reference) if args.only in moment.name]
    print(f"{'moment':44} {'killed':16} {'rerun':>5} {'differ':>6}  left over", flush=True)
    for number, moment in enumerate(spread(found, args.kills)):
        run = runs.work / f"kill-{number:02d}"
        shutil.rmtree(run, ignore_errors=True)
        victim = VICTIMS[number % len(VICTIMS)]
        exact = "receipt" not in moment.name or "without" in moment.name
        delay = 0 if exact else chance.uniform(0, 0.3)
        what = kill_at(runs, run, moment, args.workers, delay, victim)
        # What a driver's death leaves alive may still write when the next one starts.
        code = runs.finish(run, args.workers)
        left = await_end(runs)
        different = differences(right, run)
        wrong = bool(code or different or left or what == "HUNG")
        failed += wrong
        print(
            f"{moment.name:44} {what:16} {code:5} {len(different):6}  {len(left)} {different[:3]}", flush=True
        )
        if not wrong:
            shutil.rmtree(run)
    print(f"FAILED: {failed} runs" if failed else "every run came to the same bytes")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

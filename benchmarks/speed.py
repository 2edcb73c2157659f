"""Times whole runs with one worker and with several: seconds, MB of text a second, and seconds by stage.

    python benchmarks/speed.py CONFIG --work FOLDER [--workers 2] [--repeats 1] [--syllabus 'syllabus']

Every run is made in a fresh folder under --work and removed. `busy` is the sum of the seconds that a stage's
receipts state, over all its tasks; `span` is the time from the last receipt before the stage to its own last one.
MB are those of the documents' text.
"""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml


def stages(run: Path, began: float) -> dict[str, tuple[float, float, int]]:
    """busy seconds, span seconds and tasks of every stage, in the order in which they ended."""
    found = {}
    for folder in (run / "receipts").iterdir():
        files = list(folder.glob("*.json"))
        if files:
            busy = sum(json.loads(path.read_text())["seconds"] for path in files)
            found[folder.name] = (busy, max(path.stat().st_mtime for path in files), len(files))
    spans, before = {}, began
    for stage, (busy, last, tasks) in sorted(found.items(), key=lambda item: item[1][1]):
        spans[stage] = (busy, last - before, tasks)
        before = last
    return spans


def text_bytes(run: Path) -> int:
    receipts = (json.loads(path.read_text()) for path in (run / "receipts" / "ingest").glob("*.json"))
    return sum(part["text_bytes"] for receipt in receipts for part in receipt["details"]["parts"])


def timed(config: Path, work: Path, workers: int, command: str) -> float:
    run = work.resolve() / f"run-{workers}"
    shutil.rmtree(run, ignore_errors=True)
    own = work / f"run-{workers}.yaml"
    own.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), "run": str(run)}))
    began, clock = time.monotonic(), time.time()
    arguments = [*shlex.split(command), "run", str(own), "--workers", str(workers)]
    code = subprocess.run(arguments, stdout=subprocess.DEVNULL).returncode
    seconds = time.monotonic() - began
    if code:
        sys.exit(f"the run with {workers} workers ended with exit code {code}")
    size = text_bytes(run) / 1e6
    print(f"{workers} workers: {seconds:.1f} s, {size:.1f} MB of text, {size / seconds:.2f} MB/s")
    for stage, (busy, span, tasks) in stages(run, clock).items():
        print(f"  {stage:20} {tasks:5} tasks  busy {busy:8.1f} s  span {span:8.1f} s", flush=True)
    shutil.rmtree(run)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--syllabus", default="syllabus", help="the command")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    one, several = (
        min(timed(args.config, args.work, workers, args.syllabus) for _ in range(args.repeats))
        for workers in (1, args.workers)
    )
    print(f"{args.workers} workers are {one / several:.2f} times as fast as one")


if __name__ == "__main__":
    main()

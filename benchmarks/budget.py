"""The time budget of a whole run with one worker: seconds a MB of text for each step, and their sum.

    python -m benchmarks.budget CONFIG --work FOLDER [--syllabus 'syllabus']

The run is made in a fresh folder under --work and removed. A step's seconds are those that its receipts state; what
the wall clock shows beyond them is the command's start, the driver between stages, views and report. MB are those
of the documents' text. Prints a Markdown table.
"""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.speed import text_bytes


def receipts(run: Path, stage: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((run / "receipts" / stage).glob("*.json"))]


def steps(run: Path) -> dict[str, float]:
    """Seconds of every step. `facts` is divided into its tables, `quality` into its groups of columns."""
    found: dict[str, float] = {}
    for folder in sorted((run / "receipts").iterdir(), key=lambda folder: folder.stat().st_mtime):
        found[folder.name] = sum(receipt["seconds"] for receipt in receipts(run, folder.name))
    tables = [name for name in ("quality", "spans", "bands", "contamination") if name in found]
    found["facts: reading text"] = found.pop("facts") - sum(found[name] for name in tables)
    groups: dict[str, float] = {}
    for receipt in receipts(run, "quality"):
        for group, seconds in receipt["details"]["seconds"].items():
            groups[group] = groups.get(group, 0.0) + seconds
    found["facts: writing quality"] = found.pop("quality") - sum(groups.values())
    found |= {f"facts: {group}": seconds for group, seconds in groups.items()}
    return {f"facts: {name}" if name in tables else name: seconds for name, seconds in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--syllabus", default="syllabus", help="the command")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    run, own = args.work.resolve() / "budget", args.work / "budget.yaml"
    shutil.rmtree(run, ignore_errors=True)
    own.write_text(yaml.safe_dump({**yaml.safe_load(args.config.read_text()), "run": str(run)}))
    began = time.monotonic()
    command = [*shlex.split(args.syllabus), "run", str(own), "--workers", "1"]
    code = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
    wall = time.monotonic() - began
    if code:
        sys.exit(f"the run ended with exit code {code}")
    size = text_bytes(run) / 1e6
    spent = steps(run)
    spent["start, driver, views, report"] = wall - sum(spent.values())
    print("| step | seconds | seconds a MB |\n|---|---|---|")
    for name, seconds in spent.items():
        print(f"| {name} | {seconds:.1f} | {seconds / size:.5f} |")
    print(f"| **all, wall clock** | {wall:.1f} | {wall / size:.5f} |")
    print(f"\n{size:.1f} MB of text, {size / wall:.2f} MB/s")
    shutil.rmtree(run)


if __name__ == "__main__":
    main()

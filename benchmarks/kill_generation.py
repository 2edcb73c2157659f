"""Kills whole runs with SIGKILL while models write, goes on with them, and judges what was asked twice.

    python -m benchmarks.kill_generation [--kills 10] [--seeds 400] [--connections 16] [--latency 0.05]

Run it from the root of the checkout. A model that writes by rule (tests/pipelines/writing_server.py) answers over
HTTP and counts what it is asked. A run of `syllabus` is killed, its whole process group, each time when further
seeds / (kills + 1) answers are stored, and started again; at last it runs to its end. Then a run in a folder of its
own, to which the store of answers alone was copied, makes everything undisturbed. Judged: how often a prompt whose
answer was stored is asked again (never), how many are asked twice for a kill (at most `connections`), and whether
documents/, signals/, shards/ and synthetic/requests/ are the same bytes in both. Exit code 1 where one is not so.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import yaml

from synth.llm.segments import read_segment, segments
from tests.pipelines.test_synthesize import prose
from tests.pipelines.writing_server import Writer, writing

COMPARED = ("documents", "signals", "shards", "synthetic/requests")


def config_of(work: Path, run: str, url: str, seeds: int, connections: int) -> Path:
    recipe = {"recipe": "exercise", "model": "writer", "seeds": seeds, "seed_words": 100}
    config = {
        "run": str(work / run),
        "inputs": [{"path": str(work / "books.jsonl"), "bucket": "acquired"}],
        "synthesize": {
            "models": {"writer": {"url": url, "model": "by-rule"}},
            "recipes": {"exercises": recipe},
            "budget": {"connections": connections},
        },
        "mixture": {"tokens": 50_000, "sequence_length": 512, "shares": {"synthetic": 0.6, "acquired": 0.4}},
    }
    path = work / f"{run}.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def stored(run: Path) -> int:
    folder = run / "synthetic/answers"
    names = segments(folder) if folder.exists() else []
    return sum(1 for name in names for _ in read_segment(folder / name.file))


def start(config: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipelines.cli", "run", str(config), "--workers", "2"]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def sums(run: Path) -> dict[str, str]:
    files = [file for folder in COMPARED for file in sorted((run / folder).rglob("*")) if file.is_file()]
    return {str(file.relative_to(run)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def slow(writer: Writer, latency: float) -> None:
    def says(passage: str) -> None:
        time.sleep(latency)

    writer.says = says


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=400)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--latency", type=float, default=0.05)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, writing() as (url, writer):
        work = Path(folder)
        slow(writer, given.latency)
        books = [{"id": f"book-{k}", "text": prose(f"book {k}", 20)} for k in range(given.seeds // 2)]
        (work / "books.jsonl").write_text("".join(json.dumps(book) + "\n" for book in books))
        config = config_of(work, "killed", url, given.seeds, given.connections)
        lost = []
        for kill in range(1, given.kills + 1):
            process = start(config)
            while stored(work / "killed") < given.seeds * kill // (given.kills + 1):
                if process.poll() is not None:
                    sys.exit(f"the run ended before kill {kill}, with exit code {process.returncode}")
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            time.sleep(2 * given.latency)
            lost.append(len(set(writer.asked)) - stored(work / "killed"))
            print(
                f"kill {kill}: {stored(work / 'killed')} answers stored, {lost[-1]} asked and not stored",
                flush=True,
            )
        code = start(config).wait()
        asked = Counter(writer.asked)
        again = sum(count - 1 for count in asked.values())
        print(
            f"exit code {code}; {len(asked)} prompts, {again} asked again, at most {sum(lost)} were in flight"
        )
        before = len(writer.asked)
        alone = config_of(work, "undisturbed", url, given.seeds, given.connections)
        shutil.copytree(work / "killed/synthetic/answers", work / "undisturbed/synthetic/answers")
        code += start(alone).wait()
        differ = set(sums(work / "killed").items()) ^ set(sums(work / "undisturbed").items())
        print(
            f"undisturbed: {len(writer.asked) - before} asked, {len(sums(work / 'killed'))} files, {len(differ)} differ"
        )
        fine = not code and not differ and again <= sum(lost) and max(lost) <= given.connections
        sys.exit(not (fine and len(writer.asked) == before))


if __name__ == "__main__":
    main()

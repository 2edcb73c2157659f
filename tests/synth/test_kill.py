import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from synth.llm.segments import read_segment, segments
from tests.synth.fault_server import ROOT, counts, serving

SEEDS = 600
CONNECTIONS = 16


def start(url: str, folder: Path) -> subprocess.Popen[str]:
    lane = [sys.executable, "-m", "tests.synth.lanes", url, str(folder)]
    options = ["--seeds", str(SEEDS), "--connections", str(CONNECTIONS)]
    return subprocess.Popen([*lane, *options], stdout=subprocess.PIPE, text=True, cwd=ROOT)


def finish(url: str, folder: Path) -> list[list[str]]:
    with start(url, folder) as process:
        out, _ = process.communicate()
    assert process.returncode == 0
    return [json.loads(line) for line in out.splitlines()]


def stored(folder: Path) -> int:
    files = [folder / name.file for name in segments(folder)] if folder.exists() else []
    return sum(1 for file in files for _ in read_segment(file))


def test_a_lane_that_is_killed_asks_again_only_what_was_in_flight(tmp_path: Path) -> None:
    kills = 3
    with serving("--latency", "0.05") as url:
        for kill in range(kills):
            with start(url, tmp_path) as process:
                while stored(tmp_path) < SEEDS * (kill + 1) // (kills + 1):
                    assert process.poll() is None
                    time.sleep(0.005)
                process.kill()
        before = stored(tmp_path)
        outcomes = finish(url, tmp_path)
        asked = Counter(counts(url)["asked"].values())
        # Sent and not stored at a kill: in flight, or answered and waiting for the disk, which more seeds may be.
        assert counts(url)["requests"] - SEEDS <= kills * 2 * CONNECTIONS
        assert asked.total() == SEEDS
        undisturbed = finish(url, tmp_path)
        assert Counter(counts(url)["asked"].values()) == asked
    assert SEEDS // 2 < before < SEEDS
    assert len({key for _, key in outcomes}) == SEEDS == stored(tmp_path)
    assert outcomes == undisturbed


@pytest.mark.parametrize("cut", [1, 20, 47])
def test_no_answer_on_disk_is_asked_for_again(tmp_path: Path, cut: int) -> None:
    with serving() as url:
        first = finish(url, tmp_path)
        file = tmp_path / segments(tmp_path)[0].file
        file.write_bytes(file.read_bytes()[:-cut])
        again = finish(url, tmp_path)
        assert counts(url)["requests"] == SEEDS + 1
    assert sum(one != other for one, other in zip(first, again, strict=True)) == 1

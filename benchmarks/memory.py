"""Measures the memory of `syllabus run`: the peak of PSS over the driver and all its processes, by stage.

    python benchmarks/memory.py CONFIG --run FOLDER [--workers 2] [--save result.json]
    python benchmarks/memory.py --compare small.json large.json
    python benchmarks/memory.py --line-gb 1 --run FOLDER
    python benchmarks/memory.py --row-group-gb 4 --run FOLDER

PSS (proportional set size, /proc/PID/smaps_rollup) counts a page that n processes share as 1/n in each. Sampled
every 0.2 s. A sample belongs to the stage of the next receipt. `--line-gb` and `--row-group-gb` make an input
with one line, or one row group, of that size among good ones in FOLDER-input, and measure its ingest.
"""

import argparse
import bisect
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

INTERVAL = 0.2


def processes(root: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def pss(process: int) -> int:
    """Bytes; 0 for a process that is gone."""
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def measure(command: list[str]) -> tuple[int, list[tuple[float, int, int]], float]:
    """Run a command. Returns its exit code, samples (time, PSS of all, the largest one's PSS), seconds."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    samples = []
    while process.poll() is None:
        each = [pss(pid) for pid in processes(process.pid)]
        samples.append((time.time(), sum(each), max(each)))
        time.sleep(INTERVAL)
    return process.returncode, samples, time.monotonic() - began


def by_stage(run: Path, samples: list[tuple[float, int, int]]) -> dict[str, int]:
    """Peak of each stage, in the order of the stages."""
    done = sorted((path.stat().st_mtime, path.parent.name) for path in (run / "receipts").glob("*/*.json"))
    times = [at for at, _ in done]
    peaks: dict[str, int] = {}
    for at, size, _ in samples:
        place = bisect.bisect_left(times, at)
        stage = done[place][1] if place < len(done) else "after the last receipt"
        peaks[stage] = max(peaks.get(stage, 0), size)
    return peaks


def show(run: Path, command: list[str], save: Path | None) -> int:
    code, samples, seconds = measure(command)
    peak = max(size for _, size, _ in samples)
    stages = by_stage(run, samples)
    for stage, size in stages.items():
        print(f"  {stage:24} {size / 1e6:8.0f} MB")
    largest = max(size for _, _, size in samples) / 1e6
    print(f"exit code {code}, {seconds:.1f} s, peak {peak / 1e6:.0f} MB, of one process {largest:.0f} MB")
    if save:
        save.write_text(json.dumps({"peak": peak, "seconds": seconds, "stages": stages}, indent=1) + "\n")
    return code


def compare(small: Path, large: Path) -> None:
    a, b = (json.loads(path.read_text()) for path in (small, large))
    for stage in a["stages"]:
        if stage in b["stages"]:
            first, second = a["stages"][stage], b["stages"][stage]
            print(f"  {stage:24} {first / 1e6:8.0f} MB {second / 1e6:8.0f} MB  x {second / first:.2f}")
    print(f"peak {a['peak'] / 1e6:.0f} MB, {b['peak'] / 1e6:.0f} MB: x {b['peak'] / a['peak']:.2f}")
    print(f"time {a['seconds']:.1f} s, {b['seconds']:.1f} s: x {b['seconds'] / a['seconds']:.2f}")


def long_line(folder: Path, size: int) -> Path:
    path = folder / "lines.jsonl"
    good = b"".join(
        json.dumps({"id": str(k), "text": f"document {k} " * 50}).encode() + b"\n" for k in range(2000)
    )
    block = b"many words in one line " * 50_000
    with open(path, "wb") as file:
        file.write(good + b'{"id": "long", "text": "')
        for _ in range(size // len(block)):
            file.write(block)
        file.write(b'"}\n' + good)
    return path


def large_row_group(folder: Path, size: int) -> Path:
    path = folder / "rows.parquet"
    text = "many words in one row group " * 3_500
    rows = size // len(text)
    block = pa.array([text] * 200)
    column = pa.chunked_array([block] * (rows // 200))
    table = pa.table({"id": pa.array([str(k) for k in range(len(column))]), "text": column})
    with pq.ParquetWriter(path, table.schema, compression="zstd", use_dictionary=False) as writer:
        writer.write_table(table.slice(0, 200))
        writer.write_table(table, row_group_size=len(table))
        writer.write_table(table.slice(0, 200))
    return path


def ingest_config(run: Path, kind: str, size: int) -> Path:
    folder = run.with_name(f"{run.name}-input")
    folder.mkdir(parents=True, exist_ok=True)
    path = (long_line if kind == "line" else large_row_group)(folder, size)
    print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB on disk")
    config = folder / "config.yaml"
    config.write_text(
        yaml.safe_dump(
            {"run": str(run), "stages": ["ingest"], "inputs": [{"path": str(path), "bucket": "web"}]}
        )
    )
    return config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path, nargs="?")
    parser.add_argument("--run", type=Path, help="the run's folder, not there yet; overrides the config's")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--save", type=Path, help="file for the result, to compare")
    parser.add_argument("--compare", type=Path, nargs=2, metavar="RESULT")
    parser.add_argument("--line-gb", type=float)
    parser.add_argument("--row-group-gb", type=float)
    parser.add_argument("--syllabus", default="syllabus", help="the command")
    args = parser.parse_args()
    if args.compare:
        compare(*args.compare)
        return
    if args.run is None or args.run.exists():
        parser.error("--run is needed: a folder that is not there yet")
    run = args.run.resolve()
    if args.line_gb or args.row_group_gb:
        kind, size = ("line", args.line_gb) if args.line_gb else ("row group", args.row_group_gb)
        config = ingest_config(run, kind, int(size * 1e9))
    else:
        config = run.with_name(f"{run.name}.yaml")
        config.write_text(yaml.safe_dump({**yaml.safe_load(args.config.read_text()), "run": str(run)}))
    command = [*shlex.split(args.syllabus), "run", str(config), "--workers", str(args.workers)]
    sys.exit(show(run, command, args.save))


if __name__ == "__main__":
    main()

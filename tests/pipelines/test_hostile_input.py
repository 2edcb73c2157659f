"""Files that are made to do harm do none: the run ends, in bounded memory, and all of them is accounted for."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.storage.run_directory import RunDirectory
from schemas.plan import Plan
from tests.pipelines.hostile_input import write_hostile_folder
from tests.pipelines.test_ingest import counts, documents

pytestmark = pytest.mark.slow

LARGEST = 10_000_000
MOST_MEGABYTES = 600

# What the imports take is taken before; the limit is on what reading adds.
INGEST = """
import resource, sys, json
from pipelines.ingest import ingest_phase
from pipelines.runner import perform
from pipelines.storage.plan import load_or_make_plan
from pipelines.storage.run_directory import RunDirectory
from schemas.config import parse_config

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

before = peak()
config = parse_config(json.loads(sys.argv[1]))
run = RunDirectory(config.run)
phase = ingest_phase(run, config, load_or_make_plan(run, config))
assert all(perform(run, "ingest", phase.fingerprint_of(task), phase.work, task) for task in phase.tasks)
print(peak() - before)
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def expected(folder):
    (folder / "in").mkdir()
    return write_hostile_folder(folder / "in")


def config(folder, name):
    inputs = [{"path": str(folder / "in"), "bucket": "web"}]
    return {"run": str(folder / name), "inputs": inputs, "limits": {"document_bytes": LARGEST}}


@pytest.fixture(scope="module")
def megabytes(folder, expected):
    """Memory that ingest of the folder took, beside what its imports take."""
    done = subprocess.run(
        [sys.executable, "-c", INGEST, json.dumps(config(folder, "run"))],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return int(done.stdout)


@pytest.fixture(scope="module")
def run(folder, megabytes):
    return RunDirectory(folder / "run")


def test_memory_is_bounded(megabytes):
    assert megabytes < MOST_MEGABYTES


# What becomes of them is the extractor's to say; that they are counted is held below.
OPEN = {"deep.html", "tags.html"}


def test_what_is_bad_is_in_quarantine_and_what_is_good_is_kept(folder, run, expected):
    bad, kept, _ = expected
    found = Counter()
    for name in run.list("quarantine"):
        table = pq.read_table(run.path(name), columns=["file", "place", "reason"])
        found.update(zip(*(column.to_pylist() for column in table.columns), strict=True))
    wanted = Counter(
        {(str(folder / "in" / name), *place): 1 for name, places in bad.items() for place in places}
    )
    opened = {str(folder / "in" / name) for name in OPEN}
    assert {key: n for key, n in found.items() if key[0] not in opened} == wanted
    ids = Counter(documents(run)["id"].to_pylist())
    assert {key: n for key, n in ids.items() if key not in OPEN} == Counter(kept)


def test_every_record_is_counted_and_what_is_not_read_is_named(run, expected):
    total = counts(run)
    assert total["records"] == total["documents"] + total["quarantined"]
    plan = Plan.model_validate_json(run.read_bytes("plan.json"))
    found = {one.why: (one.count, sorted(one.paths)) for one in plan.passed_over}
    assert found == {why: (len(paths), sorted(paths)) for why, paths in expected[2].items()}


def test_the_command_ends_well_with_two_workers(folder, run):
    (folder / "config.yaml").write_text(json.dumps(config(folder, "by-command")))
    arguments = [str(folder / "config.yaml"), "--stages", "ingest", "--workers", "2", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "run", *arguments], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert counts(RunDirectory(folder / "by-command")) == counts(run)

"""Forty kinds of broken input in one folder: each is in quarantine with its place, and nothing beside it is lost."""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from schemas.config import parse_config
from tests.pipelines.broken_input import LARGEST, write_broken_folder
from tests.pipelines.test_ingest import counts, do, documents, files, quarantine

LIMITS = {"document_bytes": LARGEST}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("broken")


@pytest.fixture(scope="module")
def kinds(folder):
    return write_broken_folder(folder / "in")


@pytest.fixture(scope="module")
def run(folder, kinds):
    inputs = [{"path": str(folder / "in"), "bucket": "web"}]
    return do(parse_config({"run": str(folder / "run"), "inputs": inputs, "limits": LIMITS}))


def test_there_are_many_kinds(kinds):
    assert sum(bool(one.bad) for one in kinds) >= 25


def test_every_bad_record_is_in_quarantine_with_file_place_and_reason(folder, kinds, run):
    found = defaultdict(list)
    for row in quarantine(run):
        found[row["file"]].append((row["place"], row["reason"]))
        assert row["detail"]
    assert found == {str(folder / "in" / one.name): one.bad for one in kinds if one.bad}


def test_every_good_record_beside_them_is_kept(kinds, run):
    assert Counter(documents(run)["id"].to_pylist()) == Counter(key for one in kinds for key in one.kept)


def test_every_record_is_counted(kinds, run):
    bad = Counter(reason for one in kinds for _, reason in one.bad)
    kept = sum(len(one.kept) for one in kinds)
    assert counts(run) == {
        "records": kept + bad.total(),
        "documents": kept,
        "quarantined": bad.total(),
        **{f"quarantined_{reason}": count for reason, count in bad.items()},
        "not_documents": 1,
        "not_documents_warcinfo": 1,
    }


@pytest.mark.slow
def test_the_command_with_two_workers_gives_the_same_bytes(folder, kinds, run):
    inputs = [{"path": str(folder / "in"), "bucket": "web"}]
    config = {"run": str(folder / "by-command"), "inputs": inputs, "limits": LIMITS}
    (folder / "config.yaml").write_text(json.dumps(config))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipelines.cli",
            "run",
            str(folder / "config.yaml"),
            "--stages",
            "ingest",
            "--workers",
            "2",
            "--json",
        ],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr[-2000:]
    made = files(type(run)(folder / "by-command"))
    assert made == files(run)
    totals = json.loads(done.stdout.splitlines()[-1])["totals"]
    assert totals["records"] == totals["documents"] + totals["quarantined"]

"""One driver a run; a lock is taken over only from a process that is provably gone."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from pipelines.errors import RunError
from pipelines.storage.lock import LOCK, locked
from pipelines.storage.run_directory import RunDirectory

HOLD = """
import sys, time
from pipelines.storage.lock import locked
from pipelines.storage.run_directory import RunDirectory
with locked(RunDirectory(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path / "run")


def hold(run):
    process = subprocess.Popen([sys.executable, "-c", HOLD, run.url], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    return process


def test_the_lock_goes_when_its_holder_is_done(run):
    with locked(run):
        assert run.exists(LOCK)
    assert not run.exists(LOCK)


def test_a_living_holder_keeps_others_out(run):
    holder = hold(run)
    try:
        with pytest.raises(RunError, match=f"process {holder.pid}"), locked(run):
            pass
    finally:
        holder.kill()
        holder.wait()


def test_a_killed_holders_lock_is_taken_over(run):
    holder = hold(run)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert run.exists(LOCK)
    with locked(run):
        assert json.loads(run.read_bytes(LOCK))["pid"] == os.getpid()


def test_a_reused_pid_does_not_keep_the_lock(run):
    with locked(run):
        mine = json.loads(run.read_bytes(LOCK))
    run.write_bytes(LOCK, json.dumps({**mine, "started": "1"}).encode())
    with locked(run):
        pass


def test_another_machines_lock_is_respected(run):
    other = {"host": f"not-{socket.gethostname()}", "boot": "x", "pid": 1, "started": "1"}
    run.write_bytes(LOCK, json.dumps(other).encode())
    with pytest.raises(RunError, match="is being written by"), locked(run):
        pass


def test_an_earlier_boots_lock_is_taken_over(run):
    with locked(run):
        mine = json.loads(run.read_bytes(LOCK))
    run.write_bytes(LOCK, json.dumps({**mine, "boot": "earlier"}).encode())
    with locked(run):
        pass


def test_an_unreadable_lock_is_not_taken_for_a_dead_one(run):
    run.write_bytes(LOCK, b"?")
    with pytest.raises(RunError, match="can't be read"), locked(run):
        pass


def test_an_error_inside_frees_the_lock(run):
    with pytest.raises(ZeroDivisionError), locked(run):
        _ = 1 / 0
    assert not run.exists(LOCK)

"""One driver a run: RUN/lock, taken over only from a process that is provably gone."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.errors import RunError

from .run_directory import RunDirectory

LOCK = "lock"


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _started(pid: int) -> str | None:
    """The kernel's start time of a process, so that a reused pid is not taken for it; None where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return "unknown"
    return None if fields[0] in "ZX" else fields[19]


def _self() -> dict[str, Any]:
    pid = os.getpid()
    return {"host": socket.gethostname(), "boot": _boot_id(), "pid": pid, "started": _started(pid)}


def _is_gone(holder: dict[str, Any]) -> bool:
    if holder["host"] != socket.gethostname():
        return False
    if holder["boot"] != _boot_id():
        return True
    return _started(holder["pid"]) != holder["started"]


def _create(run: RunDirectory, content: bytes) -> bool:
    """Create the lock file unless there is one: the create is conditional where the store can do it."""
    path = run.path(LOCK)
    if run.is_local:
        Path(run.root).mkdir(parents=True, exist_ok=True)
        draft = Path(f"{path}.{os.getpid()}")
        draft.write_bytes(content)
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True
    if run.exists(LOCK):
        return False
    try:
        run.fs.pipe_file(path, content, mode="create")
    except FileExistsError:
        return False
    return True


def _take(run: RunDirectory, content: bytes) -> None:
    for _ in range(3):
        if _create(run, content):
            return
        try:
            raw = run.read_bytes(LOCK)
        except FileNotFoundError:
            continue
        try:
            holder = json.loads(raw)
            gone = _is_gone(holder)
        except (ValueError, KeyError, TypeError):
            raise RunError(f"{run.path(LOCK)} can't be read; remove it if no other run writes here") from None
        if not gone:
            raise RunError(
                f"{run.url} is being written by process {holder['pid']} on {holder['host']}; wait for it, or remove "
                f"{run.path(LOCK)} if that machine is gone"
            )
        _remove_stale(run, raw)
    raise RunError(f"{run.path(LOCK)} is contended by other runs; try again")


def _remove_stale(run: RunDirectory, raw: bytes) -> None:
    """Move the dead holder's lock aside; whoever moves another's fresh lock by a race puts it back."""
    if not run.is_local:
        run.remove(LOCK)
        return
    aside = Path(f"{run.path(LOCK)}.stale.{os.getpid()}")
    try:
        os.rename(run.path(LOCK), aside)
    except FileNotFoundError:
        return
    if aside.read_bytes() != raw:
        os.link(aside, run.path(LOCK))
    aside.unlink()


@contextmanager
def locked(run: RunDirectory) -> Iterator[None]:
    """Hold the run's lock. Raises RunError where a live process, or another machine's, holds it."""
    content = json.dumps(_self()).encode()
    _take(run, content)
    try:
        yield
    finally:
        if run.exists(LOCK) and run.read_bytes(LOCK) == content:
            run.remove(LOCK)

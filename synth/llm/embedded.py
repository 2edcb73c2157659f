"""A model that the run serves itself: a GGUF file behind llama.cpp's OpenAI-compatible server.

The server runs in a process of its own (`synth.llm.gguf_server`): its crash is an error of this run and not
its end, and it ends with the process that started it, however that ends.
"""

import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import re
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import IO

START_SECONDS = 600
DYING_SECONDS = 1
LOG_LINES = 15
_CONTROL = re.compile(r"[^\n\x20-\x7e]")


class EmbeddedError(Exception):
    """A model that cannot be found or served; the message says what to do."""


def find_gguf(gguf: str) -> Path:
    """The file that `Model.gguf` names: a path, `hf:owner/name/file.gguf`, or an installed package.

    Raises:
        EmbeddedError: there is no such file, repository or package, or more than one file is meant.
    """
    if gguf.startswith("hf:"):
        return _from_hub(gguf)
    path = Path(gguf).expanduser()
    if path.is_file():
        return path
    if path.suffix == ".gguf" or len(path.parts) > 1:
        raise EmbeddedError(f"{gguf}: no such file")
    return _from_package(gguf)


def identity(path: Path) -> str:
    """What names a model in the keys of its answers: `file.gguf sha256:...`, over the whole file.

    About a second a gigabyte.
    """
    with path.open("rb") as file:
        return f"{path.name} sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def require_server() -> None:
    """Raises EmbeddedError where the package that serves GGUF files is not installed."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise EmbeddedError("serving a GGUF file needs xllamacpp: pip install 'syllabus[local-llm]'")


@contextmanager
def serving(path: Path, *, context: int, slots: int) -> Iterator[str]:
    """Serve a GGUF file on a free loopback port while the block runs; gives the base URL, up to `/v1`.

    Prompts that begin alike share the work: each slot keeps the tokens of its last prompt. All cores are used.

    Args:
        context: tokens of prompt and answer together, for each slot.
        slots: requests that are worked on at a time; further ones wait.

    Raises:
        EmbeddedError: the server did not start, or an exception left the block after the server had died;
            with the last lines of its log.
    """
    require_server()
    command = [sys.executable, "-m", "synth.llm.gguf_server", str(path), str(context), str(slots)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*command, str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C ends the block first, and the block ends the server
            # Threads that spin long at barriers halve the speed as soon as another process wants a core; ones that
            # sleep at once cost a quarter of it when none does.
            env={"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "20000", **os.environ},
        )
        try:
            yield _address(process, path, log) + "/v1"
        except Exception as error:
            if isinstance(error, EmbeddedError) or not _ended(process):
                raise
            raise EmbeddedError(f"{path.name}: the server died{_last_lines(log)}") from error
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it is gone, or about to be: its connections are refused before it has ended."""
    try:
        process.wait(timeout=DYING_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _address(process: subprocess.Popen[bytes], path: Path, log: IO[bytes]) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    if not ready:
        raise EmbeddedError(f"{path.name}: not loaded after {START_SECONDS} s{_last_lines(log)}")
    address = process.stdout.readline().decode().strip()
    if not address:
        process.wait()
        raise EmbeddedError(f"{path.name}: the server ended with {process.returncode}{_last_lines(log)}")
    return address


def _last_lines(log: IO[bytes]) -> str:
    log.seek(0)
    lines = _CONTROL.sub("?", log.read().decode(errors="replace")).strip().split("\n")
    return "".join(f"\n  {line}" for line in lines[-LOG_LINES:] if line)


def _from_hub(gguf: str) -> Path:
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise EmbeddedError(f"{gguf} needs huggingface-hub: pip install 'syllabus[hf]'") from error
    match gguf.removeprefix("hf:").split("/", 2):
        case [owner, name, file] if owner and name and file:
            pass
        case _:
            raise EmbeddedError(f"{gguf}: expected hf:owner/name/file.gguf")
    try:
        return Path(hf_hub_download(f"{owner}/{name}", file))
    except (OSError, ValueError) as error:
        raise EmbeddedError(f"{gguf}: not to be had from the hub: {error}") from error


def _from_package(name: str) -> Path:
    try:
        package = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise EmbeddedError(
            f"{name}: neither a file nor an installed package (pip install 'syllabus[local-llm]' brings a small model)"
        ) from error
    files = [file for file in package.files or () if file.suffix == ".gguf"]
    if len(files) > 1:
        raise EmbeddedError(f"{name} carries several models; give one by path: {', '.join(map(str, files))}")
    if files:
        return Path(str(files[0].locate()))
    for module in (package.read_text("top_level.txt") or "").split():
        if hasattr(assembler := importlib.import_module(module), "assemble"):
            return _assembled(assembler)
    raise EmbeddedError(f"{name}: the package carries no GGUF file")


def _assembled(package: ModuleType) -> Path:
    """The file of a package that carries it in pieces: put together once, and nobody sees half of it."""
    target: Path = package.default_output_path()
    with target.open("rb") if target.exists() else open(os.devnull, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == package.EXPECTED_SHA256:
            return target
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        os.replace(package.assemble(Path(folder) / target.name), target)
    return target

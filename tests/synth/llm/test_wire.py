import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.synthesis import Model
from synth.asking import Message, Prompt, Sampling
from synth.llm.wire import read_complaint, read_reply, request_body

CHAT = Model(url="http://h/v1", model="m")
COMPLETION = Model(url="http://h/v1", model="m", endpoint="completion")
SCHEMA = {"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "string"}}}


def chat(schema: dict[str, Any] | None = None, attempt: int = 0, seed: int | None = None) -> Prompt:
    return Prompt((Message("user", "hello"),), Sampling(9, seed=seed, stop=("END",)), schema, attempt)


def reply(**choice: Any) -> bytes:
    return json.dumps({"choices": [choice]}).encode()


def test_a_chat_body_holds_what_was_asked_and_nothing_else() -> None:
    assert json.loads(request_body(CHAT, chat())) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 9,
        "temperature": 0.7,
        "top_p": 0.95,
        "stop": ["END"],
    }


def test_a_schema_goes_to_a_server_that_takes_one_with_its_fields_in_their_order() -> None:
    body = json.loads(request_body(CHAT, chat(SCHEMA)))
    sent = body["response_format"]["json_schema"]
    assert sent == {"name": "answer", "strict": True, "schema": SCHEMA}
    assert list(sent["schema"]["properties"]) == ["z", "a"]
    unable = CHAT.model_copy(update={"structured": False})
    assert "response_format" not in json.loads(request_body(unable, chat(SCHEMA)))


def test_a_completion_body_holds_the_text_and_the_schema_by_both_names() -> None:
    body = json.loads(request_body(COMPLETION, Prompt("Once", Sampling(9), SCHEMA)))
    assert body["prompt"] == "Once"
    assert body["json_schema"] == body["response_format"]["json_schema"]["schema"] == SCHEMA


def test_another_attempt_draws_with_another_seed() -> None:
    assert json.loads(request_body(CHAT, chat(seed=7, attempt=2)))["seed"] == 9


def test_a_prompt_of_the_other_endpoint_is_refused() -> None:
    with pytest.raises(ValueError, match="was given messages"):
        request_body(COMPLETION, chat())
    with pytest.raises(ValueError, match="was given a text"):
        request_body(CHAT, Prompt("Once", Sampling(9)))


def test_replies_of_both_endpoints_are_read() -> None:
    read = read_reply(reply(message={"content": "hi", "reasoning_content": "hm"}, finish_reason="length"))
    assert (read.text, read.finish, read.usage) == ("hi", "length", None)
    assert read_reply(reply(text="hi")).text == "hi"


def test_a_reply_that_only_reasoned_is_an_empty_text() -> None:
    assert read_reply(reply(message={"content": None, "reasoning": "hm"})).text == ""


def test_a_content_in_parts_is_its_texts() -> None:
    parts = [
        {"type": "thinking", "thinking": []},
        {"type": "text", "text": "a"},
        3,
        {"type": "text", "text": "b"},
    ]
    assert read_reply(reply(message={"content": parts})).text == "ab"


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"prompt_tokens": "many", "completion_tokens": 1},
        {"prompt_tokens": -1, "completion_tokens": 1},
        {"prompt_tokens": 1, "completion_tokens": 10**30},
        "none",
        3,
    ],
)
def test_a_count_that_is_none_does_not_cost_the_answer(usage: Any) -> None:
    body = json.dumps({"choices": [{"text": "hi"}], "usage": usage}).encode()
    assert read_reply(body).usage is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b"null",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"finish_reason": "stop"}]}',
        b'{"choices": [{"message": {"content": "cut',
        b'{"error": {"message": "overloaded"}}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_reply_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_reply(body)


@pytest.mark.parametrize(
    "body", [rb'{"choices": [{"text": "a\ud83d"}]}', b'{"choices": [{"text": "a\xf0\x9f"}]}']
)
def test_half_a_character_does_not_cost_the_answer(body: bytes) -> None:
    text = read_reply(body).text
    assert text.startswith("a")
    text.encode()


@given(st.binary())
def test_no_body_breaks_the_readers(body: bytes) -> None:
    read_complaint(body)
    with pytest.raises(ValueError):
        read_reply(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"message": "too long", "code": 400}}',
        b'{"error": "too long"}',
        b'{"object": "error", "message": "too long"}',
        b'{"detail": "too long"}',
        b"too long",
    ],
)
def test_a_complaint_is_read_in_every_dialect(body: bytes) -> None:
    assert read_complaint(body).message == "too long"

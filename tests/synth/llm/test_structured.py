import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.asking import Answer, AskError, Message, Prompt, Sampling
from synth.llm.structured import ask_json, read_object

SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string"}, "level": {"type": "integer"}},
    "required": ["question"],
    "additionalProperties": False,
}
PROMPT = Prompt((Message("user", "?"),), Sampling(9), SCHEMA)
GOOD = {"question": "Why?", "level": 2}


def answer(text: str, finish: str = "stop", key: str = "k") -> Answer:
    return Answer(key, text, finish, 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        f"```json\n{json.dumps(GOOD)}\n```",
        f"Here it is:\n```\n{json.dumps(GOOD)}\n```\nI hope that {{helps}}.",
        f"{json.dumps(GOOD)} I hope that it helps.",
        f"Sure! {json.dumps(GOOD)}",
        '{"question": "Why?", "level": 2',
        '{"question": "Why?", "level": 2,}',
        "{question: 'Why?', level: 2}",
    ],
)
def test_what_can_safely_be_read_is_read(text: str) -> None:
    assert read_object(answer(text), SCHEMA) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I can't do that.",
        "[1, 2]",
        '"Why?"',
        '{"level": 2}',
        '{"question": 3}',
        '{"question": "Why?", "level": 2.5}',
        '{"question": "Why?", "more": 1}',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_what_the_schema_does_not_admit_is_nothing(text: str) -> None:
    assert read_object(answer(text), SCHEMA) is None


def test_an_answer_cut_at_its_most_tokens_is_not_mended() -> None:
    assert read_object(answer('{"question": "Why is the sky', "length"), SCHEMA) is None
    assert read_object(answer('{"question": "Why is the sky', "stop"), SCHEMA) is not None


def test_a_flood_of_braces_is_not_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("json_repair.loads", lambda *_, **__: pytest.fail("repaired"))
    assert read_object(answer("{" * 100_000), SCHEMA) is None


def test_numbers_that_json_does_not_have_are_refused() -> None:
    for number in ("NaN", "Infinity", "1e999"):
        assert read_object(answer(f'{{"question": "Why?", "level": {number}}}'), SCHEMA) is None


def test_half_characters_do_not_reach_the_document() -> None:
    found = read_object(answer(r'{"question": "Why \ud83d?"}'), SCHEMA)
    assert found is not None
    found["question"].encode()


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = read_object(answer(text), None)
    assert found is None or json.dumps(found, ensure_ascii=False).encode()


def asked(*texts: str) -> tuple[list[int], object]:
    attempts: list[int] = []

    async def ask(prompt: Prompt) -> Answer:
        attempts.append(prompt.attempt)
        return answer(texts[len(attempts) - 1], key=str(len(attempts)))

    async def go() -> object:
        try:
            return await ask_json(ask, PROMPT)
        except AskError as error:
            return error

    return attempts, asyncio.run(go())


def test_a_good_answer_is_asked_for_once() -> None:
    attempts, found = asked(json.dumps(GOOD))
    assert (attempts, found) == ([0], (GOOD, answer(json.dumps(GOOD), key="1")))


def test_an_answer_past_mending_is_asked_for_once_more() -> None:
    attempts, found = asked("no", json.dumps(GOOD))
    assert (attempts, found) == ([0, 1], (GOOD, answer(json.dumps(GOOD), key="2")))


def test_two_answers_past_mending_are_bad_json() -> None:
    attempts, found = asked("no", "no")
    assert attempts == [0, 1]
    assert isinstance(found, AskError)
    assert (found.reason, found.key) == ("bad_json", "2")

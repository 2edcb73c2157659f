"""Answers that are JSON of a given schema: parsed, repaired where that is safe, asked once more where it is not."""

import dataclasses
import json
import re
from typing import Any

import json_repair
from jsonschema.exceptions import ValidationError
from jsonschema.validators import validator_for

from synth.asking import Answer, Ask, AskError, Prompt

_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)
# The repair takes time quadratic in open braces: 1.4 s of the event loop for 20,000 of them.
_MOST_BRACES = 1000


async def ask_json(ask: Ask, prompt: Prompt) -> tuple[dict[str, Any], Answer]:
    """The answer's JSON object, valid against `prompt.schema` where there is one, and the answer it was read from.

    An answer that can't be read is asked for once more, as the next attempt.

    Raises AskError with `bad_json` where the second can't be read either, and whatever `ask` raises.
    """
    answer = await ask(prompt)
    value = read_object(answer, prompt.schema)
    if value is None:
        answer = await ask(dataclasses.replace(prompt, attempt=prompt.attempt + 1))
        value = read_object(answer, prompt.schema)
    if value is None:
        raise AskError("bad_json", answer.key, "the answer is not JSON of the wanted schema, twice")
    return value, answer


def read_object(answer: Answer, schema: dict[str, Any] | None) -> dict[str, Any] | None:
    """The JSON object in a model's answer, None where there is none that the schema admits.

    Text around the object, fences, missing quotes and braces are mended. An answer that was cut at its most tokens
    is not: its braces could be closed, but its last text would be half a text.
    """
    for text in (answer.text, *_FENCED.findall(answer.text)[:1]):
        value = _parsed(text)
        if _is_valid(value, schema):
            return value
    if answer.finish != "length" and answer.text.count("{") <= _MOST_BRACES:
        value = _repaired(answer.text)
        if _is_valid(value, schema):
            return value
    return None


def _parsed(text: str) -> Any:
    try:
        return _whole(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return None


def _repaired(text: str) -> Any:
    try:
        return _whole(json_repair.loads(text[max(0, text.find("{")) :], skip_json_loads=True))
    except (ValueError, RecursionError):
        return None


def _whole(value: Any) -> Any:
    """Half characters become question marks. Raises ValueError for numbers that JSON does not have."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return value if text.isascii() else json.loads(text.encode("utf-8", "replace"))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _is_valid(value: Any, schema: dict[str, Any] | None) -> bool:
    if not isinstance(value, dict):
        return False
    if schema is None:
        return True
    try:
        validator_for(schema)(schema).validate(value)
    except (ValidationError, RecursionError):
        return False
    return True

"""The OpenAI-compatible wire format: bodies of chat completions and completions, and tolerant replies to them.

Source: https://platform.openai.com/docs/api-reference/chat and .../completions; what llama.cpp and vLLM take
beside it is said where it is used.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from schemas.synthesis import Model
from synth.asking import Prompt, Role, Sampling

PATHS = {"chat": "/chat/completions", "completion": "/completions"}


class ChatMessage(BaseModel):
    role: Role
    content: str


class JsonSchema(BaseModel):
    name: str = "answer"
    strict: bool = True
    schema_: dict[str, Any]

    model_config = ConfigDict(alias_generator=lambda name: name.rstrip("_"), populate_by_name=True)


class ResponseFormat(BaseModel):
    type: Literal["json_schema"] = "json_schema"
    json_schema: JsonSchema


class Request(BaseModel):
    """Fields that both endpoints share. Their order is part of the answers' keys."""

    model: str
    max_tokens: int
    temperature: float
    top_p: float
    seed: int | None = None
    stop: tuple[str, ...] | None = None
    response_format: ResponseFormat | None = None


class ChatRequest(Request):
    messages: tuple[ChatMessage, ...]


class CompletionRequest(Request):
    """json_schema: llama.cpp's name for what vLLM reads from `response_format` on this endpoint."""

    prompt: str
    json_schema: dict[str, Any] | None = None


def request_body(model: Model, prompt: Prompt) -> bytes:
    """The body that asks `prompt` of `model`, compact JSON in UTF-8.

    A sampling seed counts on with the attempt, for the same seed would draw the same answer again.

    Raises ValueError where the prompt is of the other endpoint's kind.
    """
    sampling = prompt.sampling
    shared = {
        "model": model.model or "default",
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": _seed(sampling, prompt.attempt),
        "stop": sampling.stop or None,
        "response_format": _response_format(model, prompt),
    }
    body: Request
    if model.endpoint == "chat" and not isinstance(prompt.content, str):
        messages = tuple(ChatMessage(role=said.role, content=said.content) for said in prompt.content)
        body = ChatRequest(**shared, messages=messages)
    elif model.endpoint == "completion" and isinstance(prompt.content, str):
        schema = prompt.schema if model.structured else None
        body = CompletionRequest(**shared, prompt=prompt.content, json_schema=schema)
    else:
        given = "a text" if isinstance(prompt.content, str) else "messages"
        raise ValueError(f"the endpoint `{model.endpoint}` was given {given}")
    return body.model_dump_json(exclude_none=True, by_alias=True).encode()


def _seed(sampling: Sampling, attempt: int) -> int | None:
    return None if sampling.seed is None else sampling.seed + attempt


def _response_format(model: Model, prompt: Prompt) -> ResponseFormat | None:
    if prompt.schema is None or not model.structured:
        return None
    return ResponseFormat(json_schema=JsonSchema(schema_=prompt.schema))


def _or_none(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        return None


def _joined(content: Any) -> Any:
    """The texts of a content in parts; parts of other types, reasoning as a rule, are left out."""
    if not isinstance(content, list):
        return content
    texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(text for text in texts if isinstance(text, str))


Tokens = Annotated[int, Field(ge=0, le=10**8)]


class Usage(BaseModel):
    prompt_tokens: Tokens
    completion_tokens: Tokens


class ReplyMessage(BaseModel):
    content: Annotated[str | None, BeforeValidator(_joined)] = None
    refusal: Annotated[str | None, WrapValidator(_or_none)] = None


class Choice(BaseModel):
    message: ReplyMessage | None = None
    text: str | None = None
    finish_reason: str | None = None


class Reply(BaseModel):
    """What is read of a reply; whatever else a server adds is left alone.

    usage: None where the server counts no tokens, or nonsense.
    """

    choices: list[Choice]
    usage: Annotated[Usage | None, WrapValidator(_or_none)] = None

    @property
    def text(self) -> str:
        """The first choice's text, empty where a model has only reasoned."""
        first = self.choices[0]
        return (first.text if first.message is None else first.message.content) or ""

    @property
    def finish(self) -> str:
        return self.choices[0].finish_reason or "stop"

    @property
    def refusal(self) -> str | None:
        message = self.choices[0].message
        return None if message is None or message.content else message.refusal


def read_reply(body: bytes) -> Reply:
    """Half characters, in UTF-8 or in JSON escapes, become question marks or U+FFFD.

    Raises ValueError where the body is not the JSON of a reply with at least one choice that holds one.
    """
    try:
        reply = Reply.model_validate_json(body)
    except ValidationError:
        reply = Reply.model_validate_json(_whole_characters(body))
    if not reply.choices or (reply.choices[0].message is None and reply.choices[0].text is None):
        raise ValueError("the reply holds no choice")
    return reply


def _whole_characters(body: bytes) -> bytes:
    try:
        value = json.loads(body.decode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("the reply is nested too deeply") from None
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


class Complaint(BaseModel):
    """What an error body says, as far as it says anything."""

    code: str = ""
    message: str = ""


def read_complaint(body: bytes) -> Complaint:
    """Takes `{"error": {...}}`, `{"error": "..."}`, `{"message": ...}`, `{"detail": ...}` and plain text."""
    text = body[:10_000].decode("utf-8", "replace")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return Complaint(message=text)
    if isinstance(found, dict):
        found = found.get("error", found)
    if not isinstance(found, dict):
        return Complaint(message=str(found))
    message = found.get("message", found.get("detail", text))
    return Complaint(code=f"{found.get('code', '')} {found.get('type', '')}".strip(), message=str(message))

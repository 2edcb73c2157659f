"""One model's server: builds requests, sends them once, and says what came of it."""

import hashlib
import json
import os
from dataclasses import dataclass
from typing import Self

import aiohttp
from pydantic import SecretStr
from yarl import URL

from schemas.synthesis import Model
from synth.asking import Prompt

from . import faults
from .errors import Refused, Stop
from .faults import UNREACHABLE, Fault
from .wire import PATHS, Reply, read_reply, request_body

MOST_REPLY_BYTES = 16 * 2**20
_CONNECT_SECONDS = 30.0
# uvicorn, which serves most models, closes connections that were idle for 5 s: a POST on one of those is lost.
_IDLE_SECONDS = 4.0
_TEMPLATE_TOKENS = 16
# A shorter key is no secret, and may be a word of an answer.
_SHORTEST_SECRET = 8


@dataclass(frozen=True, slots=True)
class Request:
    """key: 32 hex digits over everything that shapes the answer. most_prompt_tokens: an upper bound."""

    key: str
    body: bytes
    most_prompt_tokens: int
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer of the server: one that holds a reply, or one that no further try would better."""

    status: int
    body: bytes
    reply: Reply | None = None
    fault: Fault | None = None


class Client:
    """Used as an async context manager. The API key is in no message, repr, or body that it hands out.

    url: up to and without `/chat/completions`. timeout: seconds of one try.

    Raises Refused where the key's environment variable is not set or can't be a header, ValueError for a bad URL.
    """

    def __init__(self, model: Model, url: str, timeout: float):
        self.model = model
        address = URL(url.rstrip("/"))
        if address.scheme not in ("http", "https") or not address.host or address.user or address.query:
            raise ValueError("the server's url must be http(s)://host[:port]/path, without a user or a query")
        self.url = str(address)
        self._post_to = URL(self.url + PATHS[model.endpoint])
        self._identity = model.gguf if model.url is None else self.url
        self._timeout = timeout
        self._secret = _secret(model.api_key_env)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._secret is not None:
            headers["Authorization"] = f"Bearer {self._secret.get_secret_value()}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=_CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    def request(self, prompt: Prompt) -> Request:
        """Tokens of a prompt are at most the bytes of its text, for every token of a byte-level vocabulary is at
        least one byte, and a chat template's around each message.

        Raises ValueError where the prompt is not of the model's endpoint.
        """
        body = request_body(self.model, prompt)
        frame = [self._identity, self.model.endpoint, prompt.attempt, prompt.schema]
        key = hashlib.sha256(json.dumps(frame).encode() + b"\n" + body).hexdigest()[:32]
        texts = [prompt.content] if isinstance(prompt.content, str) else [m.content for m in prompt.content]
        most = sum(len(text.encode()) + _TEMPLATE_TOKENS for text in texts) + _TEMPLATE_TOKENS
        if prompt.schema is not None:
            most += len(json.dumps(prompt.schema))
        return Request(key, body, most, prompt.sampling.max_tokens)

    async def send(self, request: Request) -> Response | Fault:
        """One try. A body that was cut, or is not that of a reply, is a fault, whatever its status says.

        Raises Refused and ServerDown as faults.of_status does.
        """
        assert self._session is not None
        try:
            async with self._session.post(
                self._post_to, data=request.body, allow_redirects=False
            ) as response:
                body = await self._body(response)
                status, retry_after = response.status, response.headers.get("Retry-After")
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            return Fault(UNREACHABLE, f"can't be reached: {error}")
        except TimeoutError:
            return Fault("timeout", f"no answer within {self._timeout:g} s", billed=True)
        except (aiohttp.ClientPayloadError, _TooLong):
            return Fault("cut_body", "the reply was cut, or is too long", billed=True)
        except (aiohttp.ClientError, OSError) as error:
            return Fault("disconnected", f"the server hung up: {type(error).__name__}", billed=True)
        if status == 200:
            try:
                return Response(status, body, reply=read_reply(body))
            except ValueError:
                return Fault(
                    "bad_reply", f"no reply: {faults.shown(body[:300].decode(errors='replace'))}", billed=True
                )
        try:
            fault = faults.of_status(status, body, retry_after)
        except Stop as stop:
            raise type(stop)(
                f"{self.url}, model {self.model.model}: {stop}. What it has answered is kept; mend that and start "
                "the run again"
            ) from None
        return fault if fault.retry else Response(status, body, fault=fault)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        if response.content_length is not None and response.content_length <= MOST_REPLY_BYTES:
            body = await response.read()
        else:
            pieces, size = [], 0
            async for piece in response.content.iter_any():
                pieces.append(piece)
                size += len(piece)
                if size > MOST_REPLY_BYTES:
                    raise _TooLong
            body = b"".join(pieces)
        if self._secret is not None and len(self._secret) >= _SHORTEST_SECRET:
            body = body.replace(self._secret.get_secret_value().encode(), b"[API key]")
        return body


class _TooLong(Exception):
    pass


def _secret(variable: str | None) -> SecretStr | None:
    if variable is None:
        return None
    secret = os.environ.get(variable, "").strip()
    if not secret:
        raise Refused(
            f"the environment variable {variable}, which the config names for the API key, is not set"
        )
    if not (secret.isascii() and secret.isprintable()):
        raise Refused(f"the API key in {variable} holds characters that can't be sent")
    return SecretStr(secret)

"""From a prompt to a stored answer: look it up, reserve, send, try again, store, read."""

import asyncio
import json
import random

from synth.asking import Answer, AskError, Prompt

from . import faults
from .breaker import Breaker
from .budget import NO_BUDGET, Spending
from .charge import NOTHING, Charge, Tariff
from .client import Client, Request, Response
from .counters import Counters
from .faults import Fault
from .limits import Limits
from .segments import FAILED, UNASKED, Record
from .store import Store
from .wire import Reply, read_reply

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0


class Asker:
    """Asks one model in one lane; it is a synth.asking.Ask.

    Every request ends as one record of the store, an answer or a failure, before its recipe hears of it; the same
    request is not sent again by this or a later start of the run.

    tries: attempts at a request that fails for the server's reasons.

    Raises ValueError where money is capped and the model's price is unknown.
    """

    def __init__(self, client: Client, store: Store, limits: Limits, spending: Spending, tries: int):
        if spending.caps_money and client.model.price is None and client.model.gguf is None:
            raise ValueError(
                f"the price of {client.model.model} is unknown, so the money it costs can't be capped"
            )
        self.counters = Counters()
        self._client = client
        self._store = store
        self._limits = limits
        self._spending = spending
        self._tries = tries
        self._tariff = Tariff(client.model.price)
        self._breaker = Breaker(client.url)
        self._jitter = random.Random(0)
        self._in_flight: dict[str, asyncio.Future[tuple[Record, Reply | None]]] = {}

    async def __call__(self, prompt: Prompt) -> Answer:
        """Raises AskError for a request that stays without an answer, Stop where no further one makes sense."""
        request = self._client.request(prompt)
        shared = self._in_flight.get(request.key)
        if shared is not None:
            self.counters.shared += 1
            return _answer(request, *await asyncio.shield(shared))
        ended = self._in_flight[request.key] = asyncio.get_running_loop().create_future()
        try:
            record, reply = await self._ended(request)
            ended.set_result((record, reply))
        except BaseException as error:
            if isinstance(error, Exception):
                ended.set_exception(error)
                ended.exception()
            else:
                ended.cancel()
            raise
        finally:
            del self._in_flight[request.key]
        return _answer(request, record, reply)

    async def _ended(self, request: Request) -> tuple[Record, Reply | None]:
        record = self._store.get(request.key)
        if record is not None and (
            record.status != UNASKED or json.loads(record.body)["caps"] == self._spending.caps
        ):
            self.counters.from_store += 1
            return record, None
        return await self._ask(request)

    async def _ask(self, request: Request) -> tuple[Record, Reply | None]:
        """Tries until there is an answer, a failure that is final, no try left, or no budget; what it is, is stored."""
        worst = self._tariff.of(request.most_prompt_tokens, request.max_tokens)
        cost = NOTHING
        heard_before = self._breaker.heard
        for tried in range(1, self._tries + 1):
            if not await self._spending.reserve(worst):
                self.counters.failures[NO_BUDGET] += 1
                refused = _failure(request, UNASKED, cost, reason=NO_BUDGET, caps=self._spending.caps)
                await self._store.put(refused)
                return refused, None
            ended, cost = await self._send(request, worst, cost)
            if isinstance(ended, Response):
                self._count_final(ended)
                return Record(request.key, ended.status, ended.body, cost), ended.reply
            if tried == self._tries:
                self.counters.failures[ended.reason] += 1
                self._breaker.lost(ended, heard_before)
                break
            self.counters.retries[ended.reason] += 1
            await asyncio.sleep(self._pause(ended, tried))
        failed = _failure(request, FAILED, cost, reason=ended.reason, message=ended.message)
        await self._store.put(failed)
        return failed, None

    async def _send(self, request: Request, worst: Charge, before: Charge) -> tuple[Response | Fault, Charge]:
        """One try, within limits; what it and those before it have cost. The reservation of `worst` is settled.

        The connection is given back when a response is on disk: a kill loses no more answers than there are
        connections.
        """
        most_tokens = request.most_prompt_tokens + request.max_tokens
        used_tokens, charge = most_tokens, worst
        try:
            await self._limits.enter(most_tokens)
            try:
                self.counters.requests += 1
                ended = await self._client.send(request)
                if isinstance(ended, Response) and ended.reply is not None:
                    prompt_tokens, completion_tokens = _tokens(request, ended.reply)
                    self.counters.prompt_tokens += prompt_tokens
                    self.counters.completion_tokens += completion_tokens
                    used_tokens = prompt_tokens + completion_tokens
                    charge = self._tariff.of(prompt_tokens, completion_tokens)
                elif isinstance(ended, Response) or not ended.billed:
                    used_tokens, charge = 0, NOTHING
                if isinstance(ended, Response):
                    await self._store.put(Record(request.key, ended.status, ended.body, before.plus(charge)))
            finally:
                self._limits.leave(most_tokens - used_tokens)
        finally:
            self._spending.settle(worst, charge)
        self.counters.money += charge.money
        if isinstance(ended, Response) or ended.reason != faults.UNREACHABLE:
            self._breaker.heard += 1
        return ended, before.plus(charge)

    def _count_final(self, response: Response) -> None:
        failed = _failed(response.status, response.body, response.reply)
        if failed is None:
            self.counters.answers += 1
        else:
            self.counters.failures[failed.reason] += 1
        if response.reply is not None:
            self._breaker.answered()
        elif response.fault is not None:
            self._breaker.refused(response.fault)

    def _pause(self, fault: Fault, tried: int) -> float:
        """Seconds: exponential with full jitter, on top of what the server asks for."""
        return fault.wait + self._jitter.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tried - 1)))


def _tokens(request: Request, reply: Reply) -> tuple[int, int]:
    """Prompt and completion tokens; the upper bounds where the server does not count."""
    if reply.usage is None:
        return request.most_prompt_tokens, request.max_tokens
    return reply.usage.prompt_tokens, reply.usage.completion_tokens


def _failure(request: Request, status: int, cost: Charge, **said: str) -> Record:
    return Record(request.key, status, json.dumps(said).encode(), cost)


def _failed(status: int, body: bytes, reply: Reply | None) -> Fault | None:
    """Why a stored record is no answer."""
    if status in (FAILED, UNASKED):
        said = json.loads(body)
        return Fault(said["reason"], said.get("message", "nothing is left of the budget"), retry=False)
    if reply is None:
        return faults.of_status(status, body)
    if reply.finish == "content_filter":
        return Fault("content_filter", "the server cut the answer by its content filter", retry=False)
    if reply.refusal is not None:
        return Fault("refusal", faults.shown(reply.refusal), retry=False)
    return None


def _answer(request: Request, record: Record, reply: Reply | None) -> Answer:
    if reply is None and record.status == 200:
        reply = read_reply(record.body)
    failed = _failed(record.status, record.body, reply)
    if failed is not None:
        raise AskError(failed.reason, request.key, failed.message)
    assert reply is not None
    return Answer(request.key, reply.text, reply.finish, *_tokens(request, reply))

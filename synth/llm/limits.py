"""How fast a lane may ask: connections, requests a minute, tokens a minute."""

import asyncio
from collections import deque
from fractions import Fraction

from .share import Share


class TokenBucket:
    """Admits `amount`s in order, so that any minute sees `per_minute` of them at most.

    It holds `burst` when full, at most per_minute, and fills at (per_minute − burst) a minute; so a minute that
    begins with a full bucket ends within the limit. A larger amount than `burst` waits for a full bucket and leaves
    a debt.
    """

    def __init__(self, per_minute: float, burst: float):
        self._rate = (per_minute - burst) / 60
        self._burst = self._level = burst
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._filled_at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, amount: float) -> None:
        self._fill()
        if not self._waiting and self._admit(amount):
            return
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((amount, admitted))
        self._wake()
        await admitted

    def give_back(self, amount: float) -> None:
        """What was taken and not used; those who wait get it before the bucket runs over."""
        self._fill()
        self._level += amount
        self._wake()

    def _fill(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._filled_at is not None:
            self._level = min(self._burst, self._level + (now - self._filled_at) * self._rate)
        self._filled_at = now

    def _admit(self, amount: float) -> bool:
        # A timer's microsecond too early must not cost another turn.
        if self._level + 1e-6 < min(amount, self._burst):
            return False
        self._level -= amount
        return True

    def _wake(self) -> None:
        while self._waiting:
            amount, admitted = self._waiting[0]
            if not admitted.done():
                if not self._admit(amount):
                    break
                admitted.set_result(None)
            self._waiting.popleft()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            lacking = min(self._waiting[0][0], self._burst) - self._level
            self._timer = asyncio.get_running_loop().call_later(lacking / self._rate, self._on_time)

    def _on_time(self) -> None:
        self._fill()
        self._wake()


# A burst of connections overruns a server's listen queue (128 as a rule), and a lost SYN costs a second; and answers
# to requests that went out in a burst come back in one.
OPEN_EVERY = 0.0008


class Limits:
    """One lane's; shared by all models that it asks."""

    def __init__(self, share: Share):
        self._unopened = share.connections
        self._open_at = 0.0
        self._connections = asyncio.Semaphore(share.connections)
        self._requests = _requests(share.requests_per_minute)
        self._tokens = _tokens(share.tokens_per_minute)

    async def enter(self, most_tokens: int) -> None:
        """Waits for a free connection and for leave to send a request of at most so many tokens."""
        await self._connections.acquire()
        try:
            if self._unopened:
                self._unopened -= 1
                now = asyncio.get_running_loop().time()
                begin = max(now, self._open_at)
                self._open_at = begin + OPEN_EVERY
                if begin > now:
                    await asyncio.sleep(begin - now)
            if self._requests is not None:
                await self._requests.take(1)
            if self._tokens is not None:
                await self._tokens.take(most_tokens)
        except BaseException:
            self._connections.release()
            raise

    def leave(self, unused_tokens: int) -> None:
        """Gives back the connection, and the tokens that the request turned out not to use."""
        self._connections.release()
        if self._tokens is not None and unused_tokens > 0:
            self._tokens.give_back(unused_tokens)


def _requests(per_minute: Fraction | None) -> TokenBucket | None:
    if per_minute is None:
        return None
    # A full bucket of one request, filled once in 60 / n seconds, lets no minute see more than n; the bucket of a
    # high limit holds a tenth of a second's, for timers are not exact.
    burst = max(1.0, float(per_minute) / 600)
    return TokenBucket(float(per_minute) + 1, burst)


def _tokens(per_minute: Fraction | None) -> TokenBucket | None:
    return None if per_minute is None else TokenBucket(float(per_minute), float(per_minute) / 10)

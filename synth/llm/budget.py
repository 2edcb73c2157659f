"""What a lane may spend: reserved at the worst case before a request is sent, settled when its answer is there."""

import asyncio
from collections import deque

from .charge import NOTHING, Charge
from .share import Share

NO_BUDGET = "budget"
"""The reason of a request that was not sent for want of budget."""


class Spending:
    """One lane's; shared by all models that it asks.

    carried: what counts against the share before anything is asked, see Store.carried.
    """

    def __init__(self, share: Share, carried: Charge):
        self.caps = share.caps
        self.caps_money = share.money is not None
        self._money, self._tokens = share.money, share.tokens
        self.spent = carried
        self._reserved = NOTHING
        self._over = False
        self._waiting: deque[tuple[Charge, asyncio.Future[bool]]] = deque()

    async def reserve(self, worst: Charge) -> bool:
        """Whether a request that costs `worst` at most may be sent.

        While requests in flight may turn out cheap enough, it waits for them. After the first no every answer is no.
        """
        if self._waiting or (answer := self._decide(worst)) is None:
            decided: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiting.append((worst, decided))
            answer = await decided
        return answer

    def settle(self, worst: Charge, actual: Charge) -> None:
        """Ends a reservation of `worst` with what it has cost."""
        self._reserved = self._reserved.minus(worst)
        self.spent = self.spent.plus(actual)
        while self._waiting:
            waiting, decided = self._waiting[0]
            if not decided.done():
                answer = self._decide(waiting)
                if answer is None:
                    break
                decided.set_result(answer)
            self._waiting.popleft()

    def _decide(self, worst: Charge) -> bool | None:
        """None: not before some of what is reserved is settled."""
        after = self.spent.plus(worst)
        if self._over or not self._fits(after):
            self._over = True
            return False
        if not self._fits(after.plus(self._reserved)):
            return None
        self._reserved = self._reserved.plus(worst)
        return True

    def _fits(self, total: Charge) -> bool:
        return (self._money is None or total.money <= self._money) and (
            self._tokens is None or total.tokens <= self._tokens
        )

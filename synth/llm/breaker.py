"""Ends a run whose server is gone, rather than refuse every seed for it."""

from .errors import Refused, ServerDown
from .faults import UNREACHABLE, Fault

MOST_IN_A_ROW = 20


class Breaker:
    """heard: tries to which the server had anything to say."""

    def __init__(self, url: str):
        self._url = url
        self._answers = 0
        self._lost = 0
        self._refused = 0
        self.heard = 0

    def answered(self) -> None:
        self._answers += 1
        self._lost = 0

    def lost(self, fault: Fault, heard_before: int) -> None:
        """A request has used up its tries; `heard_before` is what `heard` was at its first.

        Raises ServerDown where nobody could be reached in all that time, or MOST_IN_A_ROW requests were lost with
        no answer between them.
        """
        self._lost += 1
        if (fault.reason == UNREACHABLE and self.heard == heard_before) or self._lost >= MOST_IN_A_ROW:
            raise ServerDown(
                f"{self._url} gives no answers: {fault.message or fault.reason}. What it has answered is kept; "
                "start the run again when the server is back"
            )

    def refused(self, fault: Fault) -> None:
        """Raises Refused where nothing was answered and MOST_IN_A_ROW requests were wrong, and not for their text."""
        if not fault.reason.startswith("http_"):
            return
        self._refused += 1
        if self._answers == 0 and self._refused >= MOST_IN_A_ROW:
            raise Refused(
                f"{self._url} has refused all of {self._refused} requests, the last as {fault.reason}: {fault.message}"
            )

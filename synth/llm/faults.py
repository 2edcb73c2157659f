"""What went wrong with one try at a request, and whether another may mend it."""

import email.utils
import math
import re
import time
from dataclasses import dataclass

from .errors import Refused, ServerDown
from .wire import Complaint, read_complaint

UNREACHABLE = "unreachable"
LONGEST_WAIT = 900.0
SHOWN = 300
_RETRIED = {408, 409, 425, 429}
_CONTEXT = re.compile(
    r"context[ _](length|size|window)|maximum context|too many tokens|prompt is too long", re.IGNORECASE
)
_FILTER = re.compile(r"content[ _](filter|policy)|moderation|flagged", re.IGNORECASE)
_QUOTA = re.compile(r"insufficient_quota|billing_hard_limit", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """One try without an answer.

    reason: slug, counted in the funnel.
    retry: whether the same request may be answered next time.
    wait: seconds that the server wants to be left alone for, 0 where it says nothing.
    billed: whether the server may have done, and charged for, work whose answer did not arrive.
    """

    reason: str
    message: str
    retry: bool = True
    wait: float = 0.0
    billed: bool = False


def shown(text: str) -> str:
    """The start of a hostile text on one line, fit for messages."""
    return "".join(c if c.isprintable() else " " for c in text[:SHOWN]).strip()


def of_status(status: int, body: bytes, retry_after: str | None = None) -> Fault:
    """The fault that a reply with another status than 200 is.

    Raises Refused where every further request would meet the same (key, model, address, quota), and ServerDown
    where the server asks to be left alone for longer than LONGEST_WAIT.
    """
    complaint = read_complaint(body)
    said = f"{complaint.code} {complaint.message}"
    if status == 403 and _FILTER.search(said):
        return Fault("content_filter", shown(complaint.message), retry=False)
    if status == 429 and _QUOTA.search(said):
        raise Refused(f"the quota is used up: {shown(complaint.message)}")
    if status in _REFUSALS or 300 <= status < 400:
        raise Refused(f"{_REFUSALS.get(status, 'the address redirects')} (HTTP {status}): {shown(said)}")
    if status >= 500 or status in _RETRIED:
        return Fault(f"http_{status}", shown(complaint.message), wait=_wait(status, retry_after))
    return Fault(_final_reason(status, complaint), shown(complaint.message), retry=False)


_REFUSALS = {
    401: "the server does not take the API key",
    402: "the server wants to be paid",
    403: "the API key may not use this model",
    404: "the server has no such model or path",
    405: "the address is not that of an OpenAI-compatible server",
}


def _final_reason(status: int, complaint: Complaint) -> str:
    said = f"{complaint.code} {complaint.message}"
    if status in (400, 413, 422):
        if _CONTEXT.search(said):
            return "context_length"
        if _FILTER.search(said):
            return "content_filter"
    return f"http_{status}"


def _wait(status: int, retry_after: str | None) -> float:
    seconds = retry_after_seconds(retry_after) if status in (429, 503) else 0.0
    if seconds > LONGEST_WAIT:
        raise ServerDown(f"the server asks to be left alone for {seconds:.0f} seconds (HTTP {status})")
    return seconds


def retry_after_seconds(header: str | None) -> float:
    """Seconds of a Retry-After header, a number or an HTTP date; 0 where there is none or it makes no sense."""
    if not header:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, OverflowError):
            return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0

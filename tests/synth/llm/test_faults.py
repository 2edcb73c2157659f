import email.utils
import json
import time

import pytest

from synth.llm.errors import Refused, ServerDown
from synth.llm.faults import LONGEST_WAIT, SHOWN, of_status, retry_after_seconds


def body(message: str, code: str = "") -> bytes:
    return json.dumps({"error": {"message": message, "code": code}}).encode()


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(status: int) -> None:
    fault = of_status(status, body("busy"))
    assert (fault.retry, fault.reason) == (True, f"http_{status}")


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_will_not_pass_is_final(status: int) -> None:
    fault = of_status(status, body("no"))
    assert (fault.retry, fault.reason) == (False, f"http_{status}")


@pytest.mark.parametrize(
    "said",
    [
        body("", "context_length_exceeded"),
        body("This model's maximum context length is 4096 tokens"),
        body("the request exceeds the available context size", "exceed_context_size_error"),
    ],
)
def test_a_prompt_that_is_too_long_is_called_so(said: bytes) -> None:
    assert of_status(400, said).reason == "context_length"


def test_a_prompt_that_a_filter_refuses_is_called_so() -> None:
    assert of_status(400, body("", "content_filter")).reason == "content_filter"
    assert of_status(403, body("Your input was flagged")).reason == "content_filter"


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404, 405])
def test_what_every_request_would_meet_ends_the_run(status: int) -> None:
    with pytest.raises(Refused, match=str(status)):
        of_status(status, body("no"))


def test_a_used_up_quota_ends_the_run_though_it_says_429() -> None:
    with pytest.raises(Refused, match="quota"):
        of_status(429, body("pay", "insufficient_quota"))


def test_retry_after_is_read_in_seconds_and_as_a_date() -> None:
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    assert of_status(429, b"", "7").wait == 7
    assert 90 < of_status(503, b"", date).wait <= 100
    assert of_status(500, b"", "7").wait == 0


@pytest.mark.parametrize(
    "header", [None, "", "soon", "-5", "nan", "inf", "Wed, 99 Foo 2026", "Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_a_retry_after_without_sense_is_no_wait(header: str | None) -> None:
    assert retry_after_seconds(header) == 0


def test_a_server_that_wants_an_hour_ends_the_run() -> None:
    with pytest.raises(ServerDown):
        of_status(429, b"", str(LONGEST_WAIT + 1))


def test_a_hostile_message_is_one_short_line() -> None:
    message = of_status(400, body("a\n\x1b[2J" * 10_000)).message
    assert len(message) <= SHOWN
    assert message.isprintable()

import asyncio
import json
import logging
import traceback
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from schemas.synthesis import Budget, Price
from synth.asking import AskError
from synth.lane import Outcome
from synth.llm import asker as asker_module
from synth.llm.counters import Counters
from synth.llm.errors import Refused, ServerDown, Stop
from synth.recipes.recipe import Draft, Rejected
from tests.synth.fault_server import counts, serving
from tests.synth.lanes import asking, model_at, outcomes_of, prompt_of

KEY = "sk-1234567890-never-seen"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asker_module, "FIRST_PAUSE", 0.02)


def lane(
    url: str, folder: Path, seeds: range, lanes: int = 1, number: int = 0, **budget: Any
) -> tuple[list[Outcome], Counters]:
    limits = Budget(**{"connections": 16, "timeout": 10, **budget})

    async def go() -> tuple[list[Outcome], Counters]:
        async with asking(model_at(url), folder, limits, lanes, number) as asker:
            return await outcomes_of(asker, seeds, limits.connections), asker.counters

    return asyncio.run(go())


def test_under_faults_every_seed_ends_once_and_the_counters_are_the_servers(tmp_path: Path) -> None:
    faults = "http_500=.05 http_429=.05 timeout=.02 cut_body=.02 bad_reply=.02 http_400=.01"
    with serving("--latency", "0.01", "--faults", faults) as url:
        outcomes, ours = lane(url, tmp_path, range(2000), connections=64, timeout=3, tries=3)
        theirs = counts(url)
    reasons = Counter(outcome.reason for outcome in outcomes if isinstance(outcome, Rejected))
    kept = sum(isinstance(outcome, Draft) for outcome in outcomes)
    assert len(outcomes) == 2000 == kept + reasons.total()
    assert ours.answers == kept == theirs["ended"].pop("answered")
    assert ours.failures == reasons
    assert reasons["http_400"] > 0
    assert ours.requests == theirs["requests"]
    theirs["ended"]["timeout"] = theirs["ended"].pop("gone")
    assert ours.retries + ours.failures == theirs["ended"]
    assert (ours.prompt_tokens, ours.completion_tokens) == (
        theirs["prompt_tokens"],
        theirs["completion_tokens"],
    )
    assert theirs["most_at_once"] <= 64


def test_a_rerun_asks_nothing_and_ends_as_the_first_did_failures_and_all(tmp_path: Path) -> None:
    with serving("--faults", "http_500=.3 http_400=.1 bad_reply=.1") as url:
        first, _ = lane(url, tmp_path, range(300), tries=2)
        asked = counts(url)["requests"]
        again, counters = lane(url, tmp_path, range(300), tries=2)
        assert counts(url)["requests"] == asked
    assert {type(outcome) for outcome in first} == {Draft, Rejected}
    assert again == first
    assert (counters.requests, counters.from_store) == (0, 300)


def test_another_number_of_lanes_serves_the_same_answers(tmp_path: Path) -> None:
    with serving() as url:
        first, _ = lane(url, tmp_path, range(100))
        halves = [lane(url, tmp_path, range(n, 100, 2), lanes=2, number=n)[0] for n in range(2)]
        assert counts(url)["requests"] == 100
    assert [halves[n % 2][n // 2] for n in range(100)] == first


def test_the_same_request_in_flight_is_sent_once(tmp_path: Path) -> None:
    async def go(url: str) -> Counters:
        async with asking(model_at(url), tmp_path, Budget()) as asker:
            answers = await asyncio.gather(*(asker(prompt_of("same")) for _ in range(10)))
            assert len(set(answers)) == 1
            assert await asker(prompt_of("same")) == answers[0]
            assert await asker(prompt_of("same", attempt=1)) != answers[0]
            return asker.counters

    with serving("--latency", "0.05") as url:
        counters = asyncio.run(go(url))
        assert counts(url)["requests"] == 2
    assert (counters.requests, counters.shared, counters.from_store) == (2, 9, 1)


def test_retry_after_is_honoured(tmp_path: Path) -> None:
    with serving("--faults", "http_429=1", "--retry-after", "0.3") as url:
        lane(url, tmp_path, range(1), tries=3)
        arrivals = counts(url)["arrivals"]
    assert len(arrivals) == 3
    assert all(after - before >= 0.3 for before, after in pairwise(arrivals))


@pytest.mark.parametrize("fault", ["http_401", "http_404"])
def test_a_server_that_takes_no_request_ends_the_run_and_rejects_nothing(tmp_path: Path, fault: str) -> None:
    with serving("--faults", f"{fault}=1") as url:
        with pytest.raises(Refused, match=fault[5:]):
            lane(url, tmp_path, range(1000))
        assert counts(url)["requests"] <= 2 * 16
    with serving() as url:
        outcomes, _ = lane(url, tmp_path, range(10))
    assert all(isinstance(outcome, Draft) for outcome in outcomes)


def test_a_server_that_finds_fault_with_every_request_ends_the_run(tmp_path: Path) -> None:
    with serving("--faults", "http_400=1") as url, pytest.raises(Refused, match="refused all of 20"):
        lane(url, tmp_path, range(1000))


def test_a_server_that_is_gone_ends_the_run_and_what_it_answered_is_kept(tmp_path: Path) -> None:
    with serving() as url:
        lane(url, tmp_path, range(50))
    with pytest.raises(ServerDown, match="start the run again"):
        lane(url, tmp_path, range(1000), tries=3)
    with serving("--port", url.split(":")[2].split("/")[0]) as url:
        outcomes, counters = lane(url, tmp_path, range(100))
    assert len(outcomes) == 100
    assert (counters.from_store, counters.requests) == (50, 50)


def test_a_server_that_only_fails_ends_the_run_after_few_seeds(tmp_path: Path) -> None:
    with serving("--faults", "http_500=1") as url, pytest.raises(ServerDown):
        lane(url, tmp_path, range(1000), tries=3)


def test_no_request_is_sent_past_the_tokens_cap_and_the_rest_is_rejected(tmp_path: Path) -> None:
    with serving("--latency", "0.01") as url:
        outcomes, counters = lane(url, tmp_path, range(200), tokens=300)
        spent = counts(url)["completion_tokens"]
        again, _ = lane(url, tmp_path, range(200), tokens=300)
        assert counts(url)["requests"] == counters.requests
        more, _ = lane(url, tmp_path, range(200), tokens=600)
        assert counts(url)["completion_tokens"] <= 600
    # An answer has 5 tokens of at most 16: the cap is reached but for less than one worst case.
    assert 300 - 16 < spent <= 300
    assert {outcome.reason for outcome in outcomes if isinstance(outcome, Rejected)} == {"budget"}
    assert again == outcomes
    kept = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Draft)]
    assert [more[number] for number in kept] == [outcomes[number] for number in kept]
    assert sum(isinstance(outcome, Draft) for outcome in more) > len(kept)


def test_a_lost_try_that_may_be_billed_counts_against_the_cap_at_its_worst(tmp_path: Path) -> None:
    for fault, tries in (("cut_body", 2), ("http_500", 4)):
        with serving("--faults", f"{fault}=1") as url:
            outcomes, counters = lane(url, tmp_path / fault, range(1), tokens=40, tries=4)
            assert counts(url)["requests"] == counters.requests == tries
        assert [outcome.reason for outcome in outcomes if isinstance(outcome, Rejected)] == [
            "budget" if fault == "cut_body" else "http_500"
        ]


def test_money_is_capped_over_all_starts_and_lanes(tmp_path: Path) -> None:
    price = Price(input=1000.0, output=2000.0)

    async def go(url: str, lanes: int, number: int, generation: int, cap: float) -> None:
        budget = Budget(money=cap, connections=8)
        async with asking(model_at(url, price), tmp_path, budget, lanes, number, generation) as asker:
            await outcomes_of(asker, range(number, 400, lanes), 8)

    with serving() as url:
        asyncio.run(go(url, 1, 0, 0, 2.0))
        for number in range(2):
            asyncio.run(go(url, 2, number, 1, 4.0))
        told = counts(url)
    money = (told["prompt_tokens"] * 1000 + told["completion_tokens"] * 2000) / 1e6
    assert 3.5 < money <= 4.0


def test_a_money_cap_without_a_price_is_refused(tmp_path: Path) -> None:
    async def go() -> None:
        async with asking(model_at("http://h/v1", price=None), tmp_path, Budget(money=1)):
            pass

    with pytest.raises(ValueError, match="price"):
        asyncio.run(go())


@pytest.mark.parametrize("faults", ["", "http_400=1", "http_401=1", "http_500=1"])
def test_the_api_key_reaches_the_server_and_nothing_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    faults: str,
) -> None:
    """The server says the key again in every fault."""
    monkeypatch.setenv("SOME_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    said: list[str] = []

    async def go(url: str) -> None:
        async with asking(model_at(url, api_key_env="SOME_KEY"), tmp_path, Budget(tries=2)) as asker:
            said.extend(repr(vars(asker).keys()) + repr(asker) + repr(asker._client) + repr(asker.counters))
            try:
                said.append(repr(await asker(prompt_of("hello"))))
            except (AskError, Stop) as error:
                said.append(str(error))
                said.extend(traceback.TracebackException.from_exception(error, capture_locals=True).format())

    with serving("--faults", faults) as url:
        asyncio.run(go(url))
        assert len(counts(url)["authorized"]) == 1
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    out = capfd.readouterr()
    assert KEY not in "".join(said) + caplog.text + out.out + out.err
    assert KEY.encode() not in written
    assert written or faults == "http_401=1"


def test_a_filtered_answer_and_a_refusal_are_failures_with_a_reason(tmp_path: Path) -> None:
    replies = {
        "content_filter": {"message": {"content": "half"}, "finish_reason": "content_filter"},
        "refusal": {"message": {"content": None, "refusal": "I won't"}, "finish_reason": "stop"},
    }

    async def go(reply: dict[str, Any], folder: Path) -> list[str]:
        body = json.dumps({"choices": [reply]}).encode()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"}]}")
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            async with asking(model_at(url), folder, Budget()) as asker:
                reasons = []
                for _ in range(2):
                    with pytest.raises(AskError) as error:
                        await asker(prompt_of("hello"))
                    reasons.append(error.value.reason)
                assert asker.counters.requests == asker.counters.from_store == 1
                return reasons

    for reason, reply in replies.items():
        assert asyncio.run(go(reply, tmp_path / reason)) == [reason, reason]

"""An OpenAI-compatible server that answers late, wrongly, or not at all, in a process of its own.

    python -m tests.synth.fault_server --latency 0.2 --faults 'http_500=0.05 http_429=0.05'

It prints its port. Faults are dealt by the number of the request, so that their shares are exact. Every answer says
the number of the request that it answers: two answers to one prompt differ. GET /counts tells what it has done.
"""

import argparse
import asyncio
import hashlib
import json
import random
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FAULTS = ("http_500", "http_429", "http_400", "http_401", "http_404", "timeout", "cut_body", "bad_reply")
DEAL = 100
HEAD = "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n"


def dealt(faults: dict[str, float], number: int) -> str | None:
    """The fault of a request: of each DEAL requests in a row every fault takes its share, shuffled."""
    cards: list[str | None] = [name for name, share in faults.items() for _ in range(round(share * DEAL))]
    cards += [None] * (DEAL - len(cards))
    random.Random(number // DEAL).shuffle(cards)
    return cards[number % DEAL]


class State:
    def __init__(self, latency: float, faults: dict[str, float], bare: bool, retry_after: str):
        self.latency = latency
        self.faults = faults
        self.bare = bare
        self.retry_after = retry_after
        self.ended: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.authorized: Counter[str] = Counter()
        self.prompt_tokens = self.completion_tokens = 0
        self.requests = self.seconds = self.most_at_once = self.at_once = 0
        self.arrivals: list[float] = []

    def report(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "ended": self.ended,
            "asked": self.asked,
            "authorized": self.authorized,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "mean_seconds": self.seconds / max(1, sum(self.ended.values())),
            "most_at_once": self.most_at_once,
            "arrivals": self.arrivals,
        }


class Connection(asyncio.Protocol):
    def __init__(self, state: State):
        self.state = state
        self.buffer = b""
        self.waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.waiting is not None:
            self.waiting.cancel()
            self.ended("gone")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        headers = head.lower()
        at = headers.find(b"content-length:")
        length = int(headers[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        if head.startswith(b"GET "):
            self.write(200, json.dumps(self.state.report()).encode())
        else:
            self.take(head, rest[:length])

    def take(self, head: bytes, body: bytes) -> None:
        state = self.state
        number, state.requests = state.requests, state.requests + 1
        state.at_once += 1
        state.most_at_once = max(state.most_at_once, state.at_once)
        self.began = time.perf_counter()
        fault = None if state.bare else dealt(state.faults, number)
        key = ""
        if not state.bare:
            state.arrivals.append(time.time())
            state.asked[key := hashlib.sha256(body).hexdigest()] += 1
            if b"Authorization: " in head:
                key = head.split(b"Authorization: ")[1].split(b"\r\n")[0].decode()
                state.authorized[hashlib.sha256(key.encode()).hexdigest()] += 1
        wait = 3600.0 if fault == "timeout" else state.latency
        self.waiting = asyncio.get_running_loop().call_later(wait, self.answer, number, fault, body, key)

    def ended(self, how: str) -> None:
        self.waiting = None
        self.state.ended[how] += 1
        self.state.at_once -= 1
        self.state.seconds += time.perf_counter() - self.began

    def answer(self, number: int, fault: str | None, body: bytes, authorization: str) -> None:
        if fault is None:
            self.write(200, self.reply(number, body, counted=True))
        elif fault == "cut_body":
            self.write(200, self.reply(number, body, counted=False), cut=True)
        elif fault == "bad_reply":
            self.write(200, b'{"id": "x", "object": "chat.completion", "cho')
        else:
            said = {"error": {"message": f"fault {fault}; you sent {authorization}", "code": fault}}
            more = f"Retry-After: {self.state.retry_after}\r\n" if fault == "http_429" else ""
            self.write(int(fault.removeprefix("http_")), json.dumps(said).encode(), more)
        self.ended(fault or "answered")

    def reply(self, number: int, body: bytes, counted: bool) -> bytes:
        if self.state.bare:
            return BARE
        asked = json.loads(body)
        text = f"answer {number}"
        if "response_format" in asked:
            text = json.dumps({"number": number})
        usage = {"prompt_tokens": len(body) // 4, "completion_tokens": 3 + number % 5}
        if counted:
            self.state.prompt_tokens += usage["prompt_tokens"]
            self.state.completion_tokens += usage["completion_tokens"]
        choice = {"index": 0, "finish_reason": "stop"}
        if "messages" in asked:
            choice["message"] = {"role": "assistant", "content": text, "reasoning_content": "hm"}
        else:
            choice["text"] = text
        return json.dumps({"id": "x", "model": asked["model"], "choices": [choice], "usage": usage}).encode()

    def write(self, status: int, body: bytes, more: str = "", cut: bool = False) -> None:
        head = HEAD.format(status, len(body), more).encode()
        if cut:
            self.transport.write(head + body[: len(body) // 2])
            self.transport.close()
        else:
            self.transport.write(head + body)


BARE = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "word " * 200},
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 200, "total_tokens": 300},
    }
).encode()


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """Starts a server with the command's arguments; gives its base URL."""
    command = [sys.executable, "-m", "tests.synth.fault_server", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def counts(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url + "/counts") as response:
        return json.load(response)


async def serve(state: State, port: int) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(state), "127.0.0.1", port, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    parser.add_argument("--faults", default="", help="name=share, parted by blanks")
    parser.add_argument("--retry-after", default="0.2")
    parser.add_argument(
        "--bare", action="store_true", help="one and the same answer to everything, for speed"
    )
    given = parser.parse_args()
    faults = {name: float(share) for name, share in (pair.split("=") for pair in given.faults.split())}
    assert faults.keys() <= set(FAULTS)
    asyncio.run(serve(State(given.latency, faults, given.bare, given.retry_after), given.port))


if __name__ == "__main__":
    main()

"""Requests a second and CPU a request of the project's client beside others, against a local server.

    python -m benchmarks.generation [--clients ours aiohttp openai distilabel curator] [--requests 10000]
        [--latency 0.2] [--connections 256] [--work FOLDER] [--python openai=PYTHON distilabel=PYTHON ...]
    python -m benchmarks.generation --kills 10

Run it from the root of the checkout. The server (tests/synth/fault_server.py) and every client have a process of
their own; clients run one after another. The ideal is connections / mean latency as the server measured it; the
share of it has the ramp and the tail in it. CPU is that of the client's processes, threads and kernel time
included, without imports; for `ours` the durable answer store under --work is part of it.

--python names the Pythons of the clients that are not installed beside the project, each in a venv of its own:
`pip install openai`, `pip install 'distilabel[openai]'`, `pip install bespokelabs-curator`; a client that can't be
imported is left out. Without a network curator wants tiktoken's cl100k_base in TIKTOKEN_CACHE_DIR. They are slow:
give them fewer requests.

--kills kills a lane so many times with SIGKILL, each time at another place of its list, and goes on with it; then
compares with an undisturbed run over the same store and counts what was asked twice.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_TOKENS = 300
PASSAGE = "The quick brown fox jumps over the lazy dog. " * 20


def text_of(number: int) -> str:
    return f"Rewrite passage {number}: {PASSAGE}"


async def ours(url: str, requests: int, connections: int, folder: Path) -> int:
    from schemas.synthesis import Budget, Model, RecipeUse
    from synth.asking import Ask, Message, Prompt, Sampling
    from synth.lane import Outcome, run_lane
    from synth.llm.asker import Asker
    from synth.llm.budget import Spending
    from synth.llm.client import Client
    from synth.llm.limits import Limits
    from synth.llm.share import share_of
    from synth.llm.store import Store
    from synth.recipes.recipe import Draft, Seed

    class Rewrite:
        bucket = "web_rewrites"

        def __init__(self, use: RecipeUse, model: Model):
            self.sampling = Sampling(use.max_tokens)

        async def write(self, seed: Seed, ask: Ask) -> Draft:
            answer = await ask(Prompt((Message("user", seed.text),), self.sampling))
            return Draft(answer.text, (answer.key,))

    model = Model(url=url, model="m")
    recipe = Rewrite(RecipeUse(recipe="r", model="m", seeds=1, max_tokens=MAX_TOKENS), model)
    share = share_of(Budget(connections=connections), 1, 0)
    kept = 0

    def take(_: Seed, outcome: Outcome) -> None:
        nonlocal kept
        kept += isinstance(outcome, Draft)

    async with Store(folder, 0, 0) as store, Client(model, url, 60) as client:
        asker = Asker(client, store, Limits(share), Spending(share, store.carried(1, 0)), 6)
        seeds = ((Seed(n, str(n), text := text_of(n), 0, len(text)), recipe, asker) for n in range(requests))
        await run_lane(seeds, connections, take)
    return kept


async def _workers(one: Callable[[str], Awaitable[str]], requests: int, connections: int) -> int:
    kept = 0
    numbers = iter(range(requests))

    async def work() -> None:
        nonlocal kept
        for number in numbers:
            answer = await one(text_of(number))
            kept += bool(answer)

    await asyncio.gather(*(work() for _ in range(connections)))
    return kept


async def plain_aiohttp(url: str, requests: int, connections: int) -> int:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:

        async def one(text: str) -> str:
            body = {"model": "m", "messages": [{"role": "user", "content": text}], "max_tokens": MAX_TOKENS}
            async with session.post(url + "/chat/completions", json=body) as response:
                return (await response.json())["choices"][0]["message"]["content"]

        return await _workers(one, requests, connections)


async def openai_sdk(url: str, requests: int, connections: int) -> int:
    import openai

    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=5) as client:

        async def one(text: str) -> str:
            reply = await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": text}], max_tokens=MAX_TOKENS
            )
            return reply.choices[0].message.content or ""

        return await _workers(one, requests, connections)


def distilabel(url: str, requests: int, connections: int) -> int:
    from distilabel.models import OpenAILLM
    from distilabel.pipeline import Pipeline
    from distilabel.steps import LoadDataFromDicts
    from distilabel.steps.tasks import TextGeneration

    rows = [{"instruction": text_of(number)} for number in range(requests)]
    with Pipeline(name="speed") as pipeline:
        load = LoadDataFromDicts(data=rows, batch_size=connections)
        options = {"max_new_tokens": MAX_TOKENS}
        llm = OpenAILLM(model="m", base_url=url, api_key="none", generation_kwargs=options)
        load >> TextGeneration(llm=llm, input_batch_size=connections)
    made = pipeline.run(use_cache=False)["default"]["train"]
    return sum(bool(text) for text in made["generation"])


def curator(url: str, requests: int, connections: int) -> int:
    os.environ.update(TELEMETRY_ENABLED="false", CURATOR_DISABLE_CACHE="1", OPENAI_API_KEY="none")
    from bespokelabs import curator

    options = {
        "base_url": url,
        "max_requests_per_minute": 10**7,
        "max_tokens_per_minute": 10**10,
        "max_concurrent_requests": connections,
    }
    generation = {"max_tokens": MAX_TOKENS}
    llm = curator.LLM(model_name="m", backend="openai", backend_params=options, generation_params=generation)
    made = llm([text_of(number) for number in range(requests)])
    return sum(bool(text) for text in made.dataset["response"])


CLIENTS: dict[str, Callable[[str, int, int, Path], int]] = {
    "ours": lambda *given: asyncio.run(ours(*given)),
    "aiohttp": lambda *given: asyncio.run(plain_aiohttp(*given[:3])),
    "openai": lambda *given: asyncio.run(openai_sdk(*given[:3])),
    "distilabel": lambda *given: distilabel(*given[:3]),
    "curator": lambda *given: curator(*given[:3]),
}


def cpu() -> float:
    own, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def measured(client: str, url: str, requests: int, connections: int, folder: Path) -> dict[str, float]:
    # Imports and the first request's lazy work are no part of the figure.
    CLIENTS[client](url, 1, 1, folder / "first")
    cpu_before, began = cpu(), time.perf_counter()
    kept = CLIENTS[client](url, requests, connections, folder / "measured")
    return {"seconds": time.perf_counter() - began, "cpu": cpu() - cpu_before, "kept": kept}


def compare(given: argparse.Namespace) -> None:
    from tests.synth.fault_server import counts, serving

    pythons = dict(pair.split("=", 1) for pair in given.python)
    print(f"{given.requests} requests, {given.latency * 1000:.0f} ms, {given.connections} connections")
    print(f"{'client':10} {'requests/s':>10} {'of ideal':>9} {'CPU ms':>7} {'answers':>8} {'server ms':>10}")
    for client in given.clients:
        with (
            serving("--bare", "--latency", str(given.latency)) as url,
            tempfile.TemporaryDirectory(dir=given.work) as folder,
        ):
            python = pythons.get(client, sys.executable)
            command = [python, "-m", "benchmarks.generation", "--one", client, url, folder]
            options = ["--requests", str(given.requests), "--connections", str(given.connections)]
            done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=ROOT)
            if done.returncode:
                print(f"{client:10} left out: {done.stderr.strip().splitlines()[-1]}")
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            latency = counts(url)["mean_seconds"]
        rate = given.requests / found["seconds"]
        share = rate * latency / given.connections
        each = found["cpu"] / given.requests * 1000
        print(
            f"{client:10} {rate:10.0f} {share:9.1%} {each:7.2f} {found['kept']:8.0f} {latency * 1000:10.1f}",
            flush=True,
        )


def kill(given: argparse.Namespace) -> None:
    from synth.llm.segments import read_segment, segments
    from tests.synth.fault_server import counts, serving

    seeds, connections = 5000, 64

    def start(url: str, folder: str) -> subprocess.Popen[str]:
        lane = [sys.executable, "-m", "tests.synth.lanes", url, folder, "--seeds", str(seeds)]
        options = ["--connections", str(connections)]
        return subprocess.Popen([*lane, *options], stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def stored(folder: Path) -> int:
        return sum(sum(1 for _ in read_segment(folder / name.file)) for name in segments(folder))

    with (
        serving("--latency", "0.05") as url,
        tempfile.TemporaryDirectory(dir=given.work) as folder,
    ):
        again: list[int] = []
        for number in range(given.kills):
            with start(url, folder) as process:
                while stored(Path(folder)) < seeds * (number + 1) // (given.kills + 1):
                    time.sleep(0.02)
                process.kill()
            again.append(counts(url)["requests"] - stored(Path(folder)) - sum(again))
        outcomes = start(url, folder).communicate()[0]
        asked = counts(url)
        undisturbed = start(url, folder).communicate()[0]
        print(f"{given.kills} kills, {seeds} seeds, {connections} connections")
        print(f"sent and not stored at each kill: {again}")
        print(f"prompts by times asked: {dict(Counter(asked['asked'].values()))}")
        print(f"asked again in all: {asked['requests'] - seeds}")
        print(
            f"outcomes: {len(outcomes.splitlines())}; equal to an undisturbed run: {outcomes == undisturbed}"
        )
        print(f"requests of the undisturbed run: {counts(url)['requests'] - asked['requests']}")
        if outcomes != undisturbed or sum(again) != asked["requests"] - seeds:
            sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", nargs="+", default=list(CLIENTS), choices=list(CLIENTS))
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--work", type=Path, help="folder for the answer store")
    parser.add_argument("--python", nargs="*", default=[], metavar="CLIENT=PYTHON")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--one", nargs=3, metavar=("CLIENT", "URL", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        client, url, folder = given.one
        print(json.dumps(measured(client, url, given.requests, given.connections, Path(folder))))
    elif given.kills:
        kill(given)
    else:
        compare(given)


if __name__ == "__main__":
    main()

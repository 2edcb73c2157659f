"""A lane at work: its share of the work list through recipes and models, and what it leaves behind."""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import RunError
from pipelines.runner import Outcome, Task
from pipelines.storage.run_directory import SCRATCH, RunDirectory, conform, parquet_writer, written
from pipelines.synthesis.models import FoundModel
from pipelines.synthesis.seeding import SEEDS_FILE, read_seeds
from schemas.documents import ROW_BITS
from schemas.generation import DRAFTS, FIRST_GENERATED_SPLIT, REQUESTS
from schemas.synthesis import Synthesize
from synth.asking import Answer, Ask, AskError, Prompt
from synth.lane import run_lane
from synth.llm.asker import Asker
from synth.llm.budget import Spending
from synth.llm.charge import PICO
from synth.llm.client import Client
from synth.llm.errors import Stop
from synth.llm.limits import Limits
from synth.llm.share import share_of
from synth.llm.store import Store
from synth.recipes.recipe import Draft, Recipe, Rejected, Seed
from synth.recipes.registry import recipe as make_recipe

ANSWERS = "synthetic/answers"
_ROWS_AT_ONCE = 1_000


def lane_task(lane: int) -> str:
    return f"lane-{lane:03d}"


def drafts_file(lane: int) -> str:
    return f"exchange/drafts/{lane_task(lane)}.parquet"


def requests_file(lane: int) -> str:
    return f"synthetic/requests/{lane_task(lane)}.parquet"


@dataclass(frozen=True)
class Lanes:
    """What all lanes share. urls: of the models' servers. generation: number of this start of the run."""

    synthesize: Synthesize
    models: Mapping[str, FoundModel]
    urls: Mapping[str, str]
    generation: int


def work_lane(lanes: Lanes, run: RunDirectory, task: Task) -> Outcome:
    """Have every lane-th seed of the work list written; leaves its outcomes in the exchange and its requests.

    Raises RunError where no further request makes sense; answers that arrived are stored.
    """
    lane = task.payload["lane"]
    progress = Path(run.path(_progress_file(lane)))
    items = [
        (ordinal, recipe, seed)
        for ordinal, recipe, seed in read_seeds(run)
        if ordinal % lanes.synthesize.lanes == lane
    ]
    names = drafts_file(lane), requests_file(lane)
    with run.writing(names[0]) as drafts, run.writing(names[1]) as requests:
        with parquet_writer(drafts, DRAFTS) as first, parquet_writer(requests, REQUESTS) as second:
            leaving = _Leaving(first, second, progress)
            counts = work(lanes, Path(run.path(ANSWERS)), lane, items, leaving)
            leaving.flush()
        files = [written(drafts, names[0], leaving.outcomes), written(requests, names[1], leaving.requests)]
    return Outcome(files, dict(sorted((leaving.counts + counts).items())))


def seeds_written(lanes: int, run: RunDirectory) -> tuple[str, int, int]:
    """How far the lanes are: a name to show, entries of the work list that have ended, about, and all of them."""
    ended = 0
    for lane in range(lanes):
        progress = Path(run.path(_progress_file(lane)))
        with suppress(OSError, ValueError):
            ended += int(progress.read_text())
    with run.parquet(SEEDS_FILE) as file:
        return "written", ended, file.metadata.num_rows


def _progress_file(lane: int) -> str:
    return f"{SCRATCH}/{lane_task(lane)}.seeds"


@dataclass(frozen=True)
class Asked:
    """A question that a recipe asked for a seed, and what came of it."""

    model: str
    prompt: Prompt
    key: str
    answer: Answer | None
    failure: str | None


@dataclass(frozen=True)
class Written:
    """What came of one entry of the work list."""

    ordinal: int
    recipe: str
    bucket: str
    seed: Seed
    outcome: Draft | Rejected
    asked: list[Asked]


Take = Callable[[Written], None]


def work(
    lanes: Lanes, answers: Path, lane: int, items: Iterable[tuple[int, str, Seed]], take: Take
) -> Counter[str]:
    """Give `take` what comes of every item, in order, as a Written; returns what the asking has cost.

    Raises RunError as `work_lane` does.
    """
    try:
        return asyncio.run(_work(lanes, answers, lane, list(items), take))
    except (Stop, ValueError) as error:
        raise RunError(f"{error}; the answers that came are kept, run again to go on") from error


async def _work(
    lanes: Lanes, answers: Path, lane: int, items: list[tuple[int, str, Seed]], take: Take
) -> Counter[str]:
    synthesize = lanes.synthesize
    share = share_of(synthesize.budget, synthesize.lanes, lane)
    async with AsyncExitStack() as open_ends:
        store = await open_ends.enter_async_context(Store(answers, lane, lanes.generation))
        limits = Limits(share)
        spending = Spending(share, store.carried(synthesize.lanes, lane))
        askers = {}
        for name, found in lanes.models.items():
            client = Client(found.named, lanes.urls[name], synthesize.budget.timeout)
            await open_ends.enter_async_context(client)
            askers[name] = Asker(client, store, limits, spending, synthesize.budget.tries)
        recipes = {
            name: make_recipe(use, lanes.models[use.model].model) for name, use in synthesize.recipes.items()
        }
        begun: deque[tuple[int, str, list[Asked]]] = deque()

        def work_list() -> Iterator[tuple[Seed, Recipe, Ask]]:
            for ordinal, name, seed in items:
                model = synthesize.recipes[name].model
                asked: list[Asked] = []
                begun.append((ordinal, name, asked))
                yield seed, recipes[name], _remembering(askers[model], model, asked)

        def taken(seed: Seed, outcome: Draft | Rejected) -> None:
            ordinal, name, asked = begun.popleft()
            take(Written(ordinal, name, recipes[name].bucket, seed, outcome, asked))

        await run_lane(work_list(), share.connections, taken)
        return _costs(askers)


def _remembering(ask: Ask, model: str, asked: list[Asked]) -> Ask:
    """`ask`, which also notes down what came of it."""

    async def remembering(prompt: Prompt) -> Answer:
        try:
            answer = await ask(prompt)
        except AskError as error:
            asked.append(Asked(model, prompt, error.key, None, error.reason))
            raise
        asked.append(Asked(model, prompt, answer.key, answer, None))
        return answer

    return remembering


def _costs(askers: Mapping[str, Asker]) -> Counter[str]:
    """What was sent and what it cost, over all models; money in millionths of the currency."""
    total: Counter[str] = Counter()
    for asker in askers.values():
        counted = asker.counters
        total["requests_sent"] += counted.requests
        total["answers_stored_before"] += counted.from_store
        total["prompt_tokens"] += counted.prompt_tokens
        total["completion_tokens"] += counted.completion_tokens
        total["money_millionths"] += counted.money * 1_000_000 // PICO
        for reason, count in counted.retries.items():
            total[f"retried_{reason}"] += count
    return total


class _Leaving:
    """Writes outcomes and requests in the order of the work list, some thousand rows at a time."""

    def __init__(self, drafts: pq.ParquetWriter, requests: pq.ParquetWriter, progress: Path):
        self.outcomes = self.requests = 0
        self._progress, self._shown_at = progress, 0.0
        self.counts: Counter[str] = Counter({"seeds": 0, "kept": 0, "rejected": 0})
        self._drafts, self._requests = drafts, requests
        self._held: list[Written] = []

    def __call__(self, one: Written) -> None:
        self.counts["seeds"] += 1
        if isinstance(one.outcome, Draft):
            self.counts["kept"] += 1
        else:
            self.counts["rejected"] += 1
            self.counts[f"rejected_{one.outcome.reason}"] += 1
        self._held.append(one)
        if len(self._held) >= _ROWS_AT_ONCE:
            self.flush()
        if time.monotonic() > self._shown_at + 1:
            self._progress.write_text(str(self.counts["seeds"]))
            self._shown_at = time.monotonic()

    def flush(self) -> None:
        if not self._held:
            return
        drafts = pa.Table.from_pylist([_draft_row(one) for one in self._held], DRAFTS)
        requests = pa.Table.from_pylist([row for one in self._held for row in _request_rows(one)], REQUESTS)
        self._drafts.write_table(conform(drafts, DRAFTS))
        self._requests.write_table(conform(requests, REQUESTS))
        self.outcomes += drafts.num_rows
        self.requests += requests.num_rows
        self._held = []


def _draft_row(one: Written) -> dict[str, Any]:
    row = {
        "ordinal": one.ordinal,
        "recipe": one.recipe,
        "bucket": one.bucket,
        "seed_doc": one.seed.doc,
        "seed_id": one.seed.id,
        "seed_start": one.seed.start,
        "language": one.seed.language,
        "answers": list(one.outcome.answers),
        "metadata": [],
    }
    if isinstance(one.outcome, Draft):
        metadata = sorted(one.outcome.metadata.items())
        doc = FIRST_GENERATED_SPLIT << ROW_BITS | one.ordinal
        return {**row, "doc": doc, "text": one.outcome.text, "metadata": metadata}
    return {**row, "reason": one.outcome.reason, "detail": one.outcome.detail}


def _request_rows(one: Written) -> Iterator[dict[str, Any]]:
    for question, asked in enumerate(one.asked):
        answer = asked.answer
        yield {
            "ordinal": one.ordinal,
            "question": question,
            "key": asked.key,
            "model": asked.model,
            "prompt": prompt_text(asked.prompt),
            "answer": None if answer is None else answer.text,
            "finish": None if answer is None else answer.finish,
            "failure": asked.failure,
            "prompt_tokens": None if answer is None else answer.prompt_tokens,
            "completion_tokens": None if answer is None else answer.completion_tokens,
        }


def prompt_text(prompt: Prompt) -> str:
    """A prompt to read: the text itself, or its messages as JSON."""
    if isinstance(prompt.content, str):
        return prompt.content
    messages = [{"role": message.role, "content": message.content} for message in prompt.content]
    return json.dumps(messages, ensure_ascii=False)

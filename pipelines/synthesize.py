"""The synthesis job: seeds out of what is kept, recipes over models in lanes, and new documents.

What comes out is a further batch of documents: it goes through facts, dedup and decontamination as all others do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.errors import RunError, UsageError
from pipelines.runner import Engine, Phase, Task, run_waves
from pipelines.selection import selection_sql
from pipelines.storage.parts import GENERATED
from pipelines.storage.receipts import is_done
from pipelines.storage.run_directory import RunDirectory
from pipelines.synthesis.generated import write_generated
from pipelines.synthesis.lanes import ANSWERS, Lanes, lane_task, seeds_written, work_lane
from pipelines.synthesis.models import FoundModel, find_models, served
from pipelines.synthesis.seeding import choose_seeds
from schemas.config import Config, fingerprint
from synth.llm.client import Client
from synth.llm.errors import Stop
from synth.llm.store import next_generation
from synth.recipes.registry import recipe

VERSION = 1
_TASK = "documents"


@dataclass(frozen=True)
class Synthesis:
    """A run's generation: the models found, and the fingerprints of its steps."""

    config: Config
    models: dict[str, FoundModel]
    seeds: str
    lanes: str
    documents: str

    @property
    def seeds_phase(self) -> Phase:
        return Phase("seeds", self.seeds, [Task("seeds")], partial(choose_seeds, self.config))

    def lanes_phase(self, lanes: Lanes) -> Phase:
        tasks = [Task(lane_task(lane), {"lane": lane}) for lane in range(lanes.synthesize.lanes)]
        progress = partial(seeds_written, lanes.synthesize.lanes)
        return Phase("lanes", self.lanes, tasks, partial(work_lane, lanes), progress)

    @property
    def documents_phase(self) -> Phase:
        assert self.config.synthesize is not None
        lanes = range(self.config.synthesize.lanes)
        return Phase(GENERATED, self.documents, [Task(_TASK)], partial(write_generated, lanes))

    def is_current(self, run: RunDirectory) -> bool:
        """Whether the documents of this very generation stand."""
        return is_done(run, GENERATED, _TASK, self.documents)


def check_synthesis(config: Config) -> None:
    """Raises UsageError where the config names a recipe that is not there, or a server that can't be asked."""
    for name, model in config.synthesize.models.items() if config.synthesize else ():
        if model.url is not None:
            try:
                Client(model, model.url, config.synthesize.budget.timeout)
            except (Stop, ValueError) as error:
                raise UsageError(f"synthesize.models.{name}: {error}") from None
    for name, use in config.synthesize.recipes.items() if config.synthesize else ():
        try:
            recipe(use, config.synthesize.models[use.model])
        except ValueError as error:
            raise UsageError(f"synthesize.recipes.{name}: {error}") from None


def plan_synthesis(run: RunDirectory, config: Config, upstream: str) -> Synthesis:
    """upstream: fingerprint of the facts about the documents that seeds come from.

    Raises MissingModel where a model is not there, RunError where the run's folder is not on this machine's disk.
    """
    synthesize = config.synthesize
    assert synthesize is not None
    if not run.is_local:
        raise RunError(
            f"{run.url}: answers are stored on a local disk; give a local path for `run` to synthesize"
        )
    models = find_models(synthesize.models)
    choice = {name: (use.where, use.seeds, use.seed_words) for name, use in synthesize.recipes.items()}
    seeds = fingerprint("seeds", VERSION, upstream, selection_sql(config), config.seed, choice)
    uses = {
        name: (use.model_dump(mode="json"), recipe(use, synthesize.models[use.model]).fingerprint())
        for name, use in synthesize.recipes.items()
    }
    asked = {
        name: (found.identity, found.model.endpoint, found.model.structured, found.model.context)
        for name, found in models.items()
    }
    caps = synthesize.budget.money, synthesize.budget.tokens
    documents = fingerprint("generated", VERSION, seeds, uses, asked, caps)
    return Synthesis(config, models, seeds, fingerprint(documents, synthesize.lanes), documents)


def synthesize(
    run: RunDirectory, synthesis: Synthesis, engine: Engine, show: Callable[[str, int, int], None]
) -> None:
    """Make whatever is missing of the generated documents. Servers run while lanes need them.

    Raises RunError where the run can't go on; answers that arrived are stored, and are not asked for again.
    """
    config = synthesis.config.synthesize
    assert config is not None
    run_waves(run, [[synthesis.seeds_phase]], engine, show)
    if not all(is_done(run, "lanes", lane_task(lane), synthesis.lanes) for lane in range(config.lanes)):
        with served(synthesis.models) as urls:
            generation = next_generation(Path(run.path(ANSWERS)))
            lanes = Lanes(config, synthesis.models, urls, generation)
            run_waves(run, [[synthesis.lanes_phase(lanes)]], engine, show)
    run_waves(run, [[synthesis.documents_phase]], engine, show)

"""Which passages of which documents recipes are given: a work list, the same for the same documents and config."""

from collections.abc import Iterator
from itertools import chain, islice, zip_longest

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.inspection.views import connect
from pipelines.mixing.copies import copy_hash
from pipelines.runner import Outcome, Task
from pipelines.selection import NO_COMPONENT
from pipelines.storage.run_directory import RunDirectory
from pipelines.training_text import training_text
from schemas.config import Config
from schemas.documents import ROW_BITS
from schemas.generation import FIRST_GENERATED_SPLIT, SEEDS
from schemas.synthesis import RecipeUse
from synth.recipes.recipe import Seed
from synth.seeds import seeds as passages

SEEDS_FILE = "synthetic/seeds.parquet"
_ROWS_AT_ONCE = 1_000
# Documents looked at for each seed wanted: many give no passage.
_DOCUMENTS_A_SEED = 4


def choose_seeds(config: Config, run: RunDirectory, task: Task) -> Outcome:
    """Write the work list, RUN/synthetic/seeds.parquet.

    Seeds come out of documents that are kept, or would be if a component of the mixture took them, and that are
    clean of benchmarks whatever `decontaminate.drop` says. Every document gives one passage before any gives two.
    Memory: 24 bytes a document that is kept, and the passages of the documents that were drawn, four for each
    seed wanted.
    """
    assert config.synthesize is not None
    with connect(run, config) as con:
        chosen = {name: _choose(con, config, name, use) for name, use in config.synthesize.recipes.items()}
    file = run.write_parquet(SEEDS_FILE, SEEDS, _work_list(chosen))
    counts = {name: len(own) for name, own in chosen.items()}
    return Outcome([file], {"seeds": sum(counts.values()), **counts})


def read_seeds(run: RunDirectory) -> Iterator[tuple[int, str, Seed]]:
    """Ordinal, recipe and seed of the whole work list, in order."""
    with run.parquet(SEEDS_FILE) as file:
        for group in range(file.num_row_groups):
            for row in file.read_row_group(group, use_threads=False).to_pylist():
                ordinal, recipe = row.pop("ordinal"), row.pop("recipe")
                yield ordinal, recipe, Seed(**row)


def _choose(con: duckdb.DuckDBPyConnection, config: Config, name: str, use: RecipeUse) -> list[Seed]:
    docs = con.execute(
        f"SELECT doc FROM selection WHERE (keep OR drop_reason = '{NO_COMPONENT}') "
        f"AND coalesce(verdict, 'clean') = 'clean' AND doc < {FIRST_GENERATED_SPLIT << ROW_BITS} "
        f"AND (\n{use.where}\n)"
    ).fetchnumpy()["doc"]
    drawn = copy_hash(config.seed, f"seeds of {name}", docs, np.zeros(len(docs), np.int32))
    docs = docs[np.lexsort((docs, drawn))][: _DOCUMENTS_A_SEED * use.seeds]
    found = _passages(con, docs, use.seed_words, config.privacy is not None)
    chosen: list[Seed] = []
    depth = 0
    while len(chosen) < use.seeds and any(depth < len(own) for own in found):
        chosen += [own[depth] for own in found if depth < len(own)]
        depth += 1
    return chosen[: use.seeds]


def _passages(
    con: duckdb.DuckDBPyConnection, docs: np.ndarray, seed_words: int, masked: bool
) -> list[list[Seed]]:
    """The passages of each document, in the order of `docs`; masked: of the text as training sees it."""
    con.register("drawn", pa.table({"doc": pa.array(docs, pa.int64())}))
    spans = con.sql(
        'SELECT doc, start, "end", replacement FROM spans WHERE doc IN (SELECT doc FROM drawn) ORDER BY doc, start'
    ).to_arrow_table()
    reader = con.sql(
        "SELECT doc, id, text, language FROM documents WHERE doc IN (SELECT doc FROM drawn)"
    ).to_arrow_reader(_ROWS_AT_ONCE)
    found = {}
    for batch in reader:
        ordered = batch.sort_by("doc")
        read = ordered["doc"].to_numpy()
        text = ordered["text"]
        if masked:
            text = training_text(read, text, spans.filter(pc.is_in(spans["doc"], ordered["doc"])))
        for row, own in zip(ordered.drop_columns("text").to_pylist(), text.to_pylist(), strict=True):
            found[row["doc"]] = passages(row["doc"], row["id"], own, seed_words, row["language"])
    return [found[doc] for doc in docs.tolist()]


def _work_list(chosen: dict[str, list[Seed]]) -> Iterator[pa.Table]:
    """Rows of SEEDS, the recipes in turn: where the budget ends before the list, each had its part."""
    turns = chain.from_iterable(
        zip_longest(*([(name, seed) for seed in own] for name, own in chosen.items()))
    )
    numbered = enumerate(turn for turn in turns if turn is not None)
    while some := list(islice(numbered, _ROWS_AT_ONCE)):
        seeds = [seed for _, (_, seed) in some]
        columns = {field: [getattr(seed, field) for seed in seeds] for field in SEEDS.names[2:]}
        yield pa.table(
            {
                "ordinal": [ordinal for ordinal, _ in some],
                "recipe": [name for _, (name, _) in some],
                **columns,
            }
        )

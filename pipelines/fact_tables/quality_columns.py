"""The groups of columns of the table `quality` that a config calls for."""

from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.fact_tables.batch import Batch
from pipelines.fact_tables.quality import Group, Measure
from pipelines.tokens import Tokenizer, load_tokenizer
from schemas.config import Config, fingerprint
from textkernels.words import NORMALISER

VERSION = 1


def quality_groups(config: Config) -> tuple[Group, ...]:
    """Groups of columns, each with the fingerprint of what shapes it."""
    return (_counts(config),)


def _counts(config: Config) -> Group:
    tokenizer = load_tokenizer(config.tokenizer, config.end_of_document)
    return Group(
        "counts",
        fingerprint(VERSION, tokenizer.sha256, NORMALISER),
        ("n_tokens", "n_words", "n_bytes"),
        partial(_start_counting, config.tokenizer, config.end_of_document),
    )


def _start_counting(tokenizer: str, end_of_document: str | None) -> Measure:
    return partial(_count, load_tokenizer(tokenizer, end_of_document))


def _count(tokenizer: Tokenizer, batch: Batch) -> dict[str, pa.Array]:
    return {
        "n_tokens": pa.array(tokenizer.count(batch.text), pa.int64()),
        "n_words": pa.array(np.diff(batch.words[1]), pa.int64()),
        "n_bytes": pc.binary_length(batch.text).cast(pa.int64()),
    }

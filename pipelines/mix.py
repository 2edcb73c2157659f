"""The mix job: from what `selection` keeps to shards of training sequences.

1. layout, in the driver: the token budget, the copies of documents, where every shard begins.
2. tokens, a task a part: encodes the chosen text once and puts the copies into the exchange, by shard.
3. shards, a task a shard: packs its copies into sequences.
4. manifest, in the driver: checks all sums and publishes.
"""

from collections.abc import Callable
from functools import partial

from pipelines.mixing import layout, manifest
from pipelines.mixing.mixture import Mixture
from pipelines.mixing.shards import SHARDS, shard_task, write_shard
from pipelines.mixing.token_exchange import TOKENS, exchange_tokens
from pipelines.runner import Engine, Phase, Task, Wave, run_waves
from pipelines.selection import selection_sql
from pipelines.storage.parts import list_parts
from pipelines.storage.receipts import is_done, read_receipt
from pipelines.storage.run_directory import RunDirectory
from pipelines.tokens import load_tokenizer
from schemas.config import Config, fingerprint

VERSION = 1


def mix(
    run: RunDirectory, config: Config, upstream: str, engine: Engine, show: Callable[[str, int, int], None]
) -> Mixture:
    """Make the run's shards and manifest, or whatever of them is missing or stale; returns the mixture.

    upstream: fingerprint of the tables that `selection` joins. Once the manifest stands the exchange may
    be removed: it is made again only where a shard is missing.
    Raises MixtureError where the mixture can't be filled, RunError where the run can't go on.
    """
    tokenizer = load_tokenizer(config.tokenizer, config.end_of_document)
    stamp = fingerprint(
        "mix",
        VERSION,
        upstream,
        selection_sql(config),
        config.mixture,
        config.seed,
        [tokenizer.name, tokenizer.sha256, tokenizer.end_of_document],
    )
    if not _is_published(run, config, stamp):
        if not is_done(run, layout.STAGE, layout.TASK, stamp):
            layout.lay_out(run, config, stamp)
        run_waves(run, mix_waves(run, config, stamp), engine, show)
        if not is_done(run, manifest.STAGE, manifest.TASK, stamp):
            manifest.publish(run, tokenizer, config.seed, stamp)
    return layout.read_layout(run).mixture


def mix_waves(run: RunDirectory, config: Config, stamp: str) -> list[Wave]:
    """The waves between layout and manifest: `tokens`, a task a part, and `shards`, a task a shard."""
    parts = [Task(part, size=size) for part, size in list_parts(run).items()]
    packed = [Task(shard_task(shard), {"shard": shard}) for shard in range(layout.shard_count(config))]
    return [
        [Phase(TOKENS, stamp, parts, partial(exchange_tokens, config))],
        [Phase(SHARDS, stamp, packed, write_shard)],
    ]


def _is_published(run: RunDirectory, config: Config, stamp: str) -> bool:
    """Whether the manifest and all that it is made from stand, whatever became of the exchange."""
    if not is_done(run, manifest.STAGE, manifest.TASK, stamp):
        return False
    receipts = [read_receipt(run, layout.STAGE, layout.TASK)]
    receipts += [read_receipt(run, SHARDS, shard_task(k)) for k in range(layout.shard_count(config))]
    if any(receipt is None or receipt.fingerprint != stamp for receipt in receipts):
        return False
    files = [file for receipt in receipts for file in receipt.files]
    return all(run.size(f.path) == f.bytes for f in files if not f.path.startswith("exchange/"))

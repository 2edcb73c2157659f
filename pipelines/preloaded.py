"""What every worker needs, imported and compiled once, before workers are forked."""

import logging

logging.getLogger().setLevel(logging.CRITICAL)

import apache_beam.runners.worker.sdk_worker_main  # noqa: E402, F401

import pipelines.run  # noqa: E402, F401
from pipelines.warm_up import compile_everything  # noqa: E402

compile_everything(backwards=True)

"""What every worker needs, imported and compiled once, before workers are forked."""

import logging

logging.getLogger().setLevel(logging.CRITICAL)

import apache_beam.runners.worker.sdk_worker_main  # noqa: E402, F401

import pipelines.run  # noqa: E402, F401
import textkernels  # noqa: E402

textkernels.compile_kernels()

"""The process from which workers are forked. Imports little, so that it can be started before all else."""

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext


def fork_context() -> ForkServerContext:
    """The context whose processes are forked from the server."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipelines.preloaded"])
    return context


def start_fork_server() -> None:
    """Start the server where it does not run: it imports and compiles while this process goes on."""
    fork_context()
    forkserver.ensure_running()

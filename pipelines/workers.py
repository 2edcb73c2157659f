"""Worker processes of the embedded runner, forked from a server that has imported everything once.

Beam's own worker processes each import Beam and the project anew, in every pipeline: about three seconds
each time. A forked one is there in a fraction of that.
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from apache_beam.portability.api import endpoints_pb2
from apache_beam.runners.portability.fn_api_runner.worker_handlers import GrpcWorkerHandler, WorkerHandler
from apache_beam.transforms.environments import Environment
from google.protobuf import json_format, text_format

from pipelines.fork_server import fork_context

_URN = "syllabus:env:forked:v1"
_PR_SET_PDEATHSIG = 1


@Environment.register_urn(_URN, bytes)
class ForkedEnvironment(Environment):
    """Workers forked on this machine. log: the file to which their stderr is appended."""

    def __init__(self, log: str):
        super().__init__()
        self.log = log

    def to_runner_api_parameter(self, context: Any) -> tuple[str, bytes]:
        return _URN, self.log.encode()

    @staticmethod
    def from_runner_api_parameter(payload: bytes, *_: Any) -> "ForkedEnvironment":
        return ForkedEnvironment(payload.decode())


@WorkerHandler.register_environment(_URN, bytes)
class _ForkedWorker(GrpcWorkerHandler):
    """One worker process, for one pipeline."""

    died: Callable[[Exception], None] = lambda error: None

    def __init__(self, log: bytes, state: Any, provision_info: Any, grpc_server: Any):
        super().__init__(state, provision_info, grpc_server)
        self.log = log.decode()

    def start_worker(self) -> None:
        control = endpoints_pb2.ApiServiceDescriptor(url=self.control_address)
        environment = {
            "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(control),
            "PIPELINE_OPTIONS": json_format.MessageToJson(
                self.provision_info.provision_info.pipeline_options
            ),
            "WORKER_ID": self.worker_id,
        }
        self.process = fork_context().Process(target=_work, args=(environment, self.log), daemon=True)
        self.process.start()
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def stop_worker(self) -> None:
        self.watcher.join()

    def _watch(self) -> None:
        self.process.join()
        if self.process.exitcode:
            _ForkedWorker.died(RuntimeError(f"a worker process ended with exit code {self.process.exitcode}"))


def on_death(report: Callable[[Exception], None]) -> None:
    """Have `report` called where a worker dies: the embedded runner would wait for it for ever."""
    _ForkedWorker.died = staticmethod(report)


def _work(environment: dict[str, str], log: str) -> None:
    """A worker's life. It ends with its pipeline, and with the server, which ends with the run's process."""
    from apache_beam.runners.worker import sdk_worker_main

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), 2)
    os.environ.update(environment)
    sdk_worker_main.main([])
    # Threads of the harness may still wait for a pipeline that is no more.
    os._exit(0)

"""The process behind `synth.llm.embedded`: llama.cpp's HTTP server over one GGUF file.

    python -m synth.llm.gguf_server FILE CONTEXT SLOTS PARENT

Loads the file, prints the server's address and serves until it is killed or the process PARENT is gone.
"""

import os
import sys
import time

import xllamacpp

PARENT_POLL = 0.5  # seconds


def start(file: str, context: int, slots: int) -> xllamacpp.Server:
    """A server that listens on a free loopback port, its model loaded, when this returns.

    Raises:
        RuntimeError: the model cannot be loaded; llama.cpp has said why on stderr.
    """
    cores = len(os.sched_getaffinity(0))
    params = xllamacpp.CommonParams()
    params.model.path = file
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.cors_origins = "http://127.0.0.1"  # not for pages in a browser on this machine
    params.n_ctx = context * slots
    params.n_parallel = slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cores
    params.cont_batching = params.cache_prompt = True
    params.swa_full = True  # else models with a sliding window forget the prefix that prompts share
    params.cache_ram_mib = 0
    params.ui = params.endpoint_slots = False
    params.verbosity = 2  # warnings: requests are not logged
    return xllamacpp.Server(params)


if __name__ == "__main__":
    file, context, slots, parent = sys.argv[1], *map(int, sys.argv[2:])
    address_out = os.dup(1)
    os.dup2(2, 1)
    server = start(file, context, slots)
    os.write(address_out, f"{server.listening_address}\n".encode())
    os.close(address_out)
    while os.getppid() == parent:
        time.sleep(PARENT_POLL)
    os._exit(1)

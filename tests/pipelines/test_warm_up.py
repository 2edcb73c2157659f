"""Everything that is compiled, compiled once before documents are read."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from pipelines.run import run_stages
from pipelines.runner import Engine
from pipelines.warm_up import compile_everything
from schemas.config import load_config

def loaded():
    rooms = ("textkernels", "classifiers", "pipelines.readers")
    modules = [module for name, module in sys.modules.items() if name.startswith(rooms)]
    kernels = {value for module in modules for value in vars(module).values() if hasattr(value, "nopython_signatures")}
    return {(kernel.py_func.__qualname__, str(kernel.nopython_signatures)) for kernel in kernels}

compile_everything()
before = loaded()
run_stages(load_config(sys.argv[1]), None, Engine(1), lambda *now: None)
print({name for name, _ in loaded() - before} or "nothing")
"""


@pytest.mark.slow
def test_reading_and_facts_use_no_kernel_that_was_not_there_before(tmp_path):
    page = "<html><body><h1>Title</h1><p>Some words, and more of them.</p><pre>code</pre></body></html>"
    (tmp_path / "page.html").write_text(page * 3)
    lines = (json.dumps({"text": f"line of text {k}", "url": f"https://e{k}.example/"}) for k in range(9))
    (tmp_path / "lines.jsonl").write_text("\n".join(lines))
    (tmp_path / "domains.txt").write_text("e3.example\n")
    config = {
        "run": str(tmp_path / "run"),
        "inputs": [{"path": str(tmp_path / name), "bucket": "web"} for name in ("page.html", "lines.jsonl")],
        "block": [str(tmp_path / "domains.txt")],
        "decontaminate": {"benchmarks": ["human-eval"]},
        "mixture": {"tokens": 100, "sequence_length": 10, "shares": {"web": 1.0}},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "config.yaml")], capture_output=True, text=True
    )
    assert done.stdout.split() == ["nothing"], done.stderr[-2000:]

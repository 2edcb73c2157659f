"""The import rules of docs/design.md, held over every module of the tree."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "schemas": set(),
    "textkernels": set(),
    "classifiers": {"schemas", "textkernels"},
    "decontam": {"schemas", "textkernels"},
    "synth": {"schemas", "textkernels"},
    "pipelines": {"schemas", "textkernels", "classifiers", "decontam", "synth"},
}
NOT_INSTALLED = {"tests", "benchmarks", "examples"}
OURS = MAY_IMPORT.keys() | NOT_INSTALLED


def modules(root: Path) -> Iterator[Path]:
    for package in MAY_IMPORT:
        yield from sorted((root / package).rglob("*.py"))


def imported(path: Path, root: Path) -> Iterator[tuple[int, str]]:
    """Line and top-level package of every import of a module, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                yield node.lineno, (node.module or "").split(".")[0]
            elif node.level > len(path.relative_to(root).parts) - 1:
                yield node.lineno, ".."
        elif isinstance(node, ast.Call) and _names_a_module(node):
            yield node.lineno, str(node.args[0].value).split(".")[0]  # type: ignore[attr-defined]


def _names_a_module(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return (
        name in ("import_module", "__import__") and bool(call.args) and isinstance(call.args[0], ast.Constant)
    )


def violations(root: Path) -> list[str]:
    found = []
    for path in modules(root):
        inside = path.relative_to(root)
        package = inside.parts[0]
        for line, name in imported(path, root):
            where = f"{inside.as_posix()}:{line}: {package} imports {name}"
            if (
                (name in OURS and name != package and name not in MAY_IMPORT[package])
                or (name == "apache_beam" and package != "pipelines")
                or name == ".."
            ):
                found.append(where)
    return found


def unlisted_packages(root: Path) -> list[str]:
    """Folders of modules that pyproject.toml does not install, and listed ones that are none or must not be."""
    listed = set(tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    present = {".".join(path.parent.relative_to(root).parts) for path in modules(root)}
    return sorted(
        (present - listed) | (listed - present) | {p for p in listed if p.split(".")[0] in NOT_INSTALLED}
    )


def test_imports_run_one_way() -> None:
    assert violations(ROOT) == []


def test_every_package_is_installed_and_tests_and_benchmarks_are_not() -> None:
    assert unlisted_packages(ROOT) == []


def test_every_package_folder_says_what_it_is() -> None:
    for package in MAY_IMPORT:
        for folder in {path.parent for path in (ROOT / package).rglob("*.py")}:
            init = folder / "__init__.py"
            assert init.exists(), init
            assert ast.get_docstring(ast.parse(init.read_text())), init


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("schemas/config.py", "import textkernels.words"),
        ("schemas/config.py", "from pipelines.errors import RunError"),
        ("textkernels/words.py", "from decontam import rule"),
        ("textkernels/words.py", "import pipelines.storage.run_directory as storage"),
        ("decontam/rule.py", "import classifiers"),
        ("classifiers/language.py", "from synth.llm import client"),
        ("synth/engine.py", "from decontam.index import Index"),
        ("synth/llm/client.py", "def ask():\n    import apache_beam as beam"),
        ("decontam/rule.py", "from apache_beam import DoFn"),
        ("decontam/rule.py", "import importlib\nimportlib.import_module('pipelines.runner')"),
        ("pipelines/mix.py", "from tests.conftest import settings"),
        ("pipelines/mix.py", "from benchmarks import dedup"),
        ("schemas/config.py", "from ..pipelines import errors"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, module: str, line: str) -> None:
    planted = tmp_path / module
    planted.parent.mkdir(parents=True)
    planted.write_text(line + "\n")
    assert len(violations(tmp_path)) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        (
            "pipelines/mix.py",
            "import apache_beam\nfrom decontam.index import Index\nfrom schemas import config",
        ),
        (
            "pipelines/storage/lock.py",
            "from .run_directory import RunDirectory\nfrom ..errors import RunError",
        ),
        ("decontam/rule.py", "import numpy\nfrom textkernels.words import words\nfrom .index import Index"),
    ],
)
def test_what_the_rules_allow_is_not_reported(tmp_path: Path, module: str, line: str) -> None:
    allowed = tmp_path / module
    allowed.parent.mkdir(parents=True)
    allowed.write_text(line + "\n")
    assert violations(tmp_path) == []


@pytest.mark.parametrize(
    ("packages", "reported"),
    [
        (["schemas"], ["schemas.deep"]),
        (["schemas", "schemas.deep", "decontam"], ["decontam"]),
        (["schemas", "schemas.deep", "tests"], ["tests"]),
        (["schemas", "schemas.deep"], []),
    ],
)
def test_a_package_that_is_not_listed_as_it_stands_is_found(
    tmp_path: Path, packages: list[str], reported: list[str]
) -> None:
    (tmp_path / "schemas/deep").mkdir(parents=True)
    (tmp_path / "schemas/config.py").touch()
    (tmp_path / "schemas/deep/rules.py").touch()
    (tmp_path / "pyproject.toml").write_text(f"[tool.setuptools]\npackages = {packages}\n")
    assert unlisted_packages(tmp_path) == reported

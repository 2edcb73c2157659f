"""Everything that is compiled, compiled once before documents are read."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

import textkernels
from classifiers import block_lists
from classifiers.block_lists import BlockLists
from classifiers.educational import Educational
from classifiers.heuristics import heuristics
from classifiers.language import Languages
from classifiers.personal_data import find_spans, span_rows
from pipelines.readers.html import nodes
from pipelines.readers.html.extract import extract
from pipelines.training_text import training_text
from schemas.privacy import Privacy
from textkernels import words
from textkernels.compile import drop_outdated

_TEXTS = pa.array(
    ["Words for all kernels.\n\nWrite to somebody@example.net, or look at 8.8.8.8.\n", "", "Wörter, 文章"]
)
_DOCS = pa.array([0, 1, 2])
_PAGE = (
    "<html><body><p>Words, and <code>code</code>.</p><table><tr><th>a<td>b</table><math></math></body></html>"
)
_TELL_AFTER = 2.0  # seconds: what is compiled already is loaded in less


def compile_everything(
    show: Callable[[str, int, int], None] = lambda *now: None, *, backwards: bool = False
) -> None:
    """Compile every kernel into its on-disk cache, or load it from there, by running each once.

    The first time takes a minute and a half. A process that works backwards beside another one meets it in the middle.
    show: called with `kernels`, steps done and steps in all, where it takes a while.
    """
    for kernel in (words._find_words, block_lists._keys, nodes.spells):
        drop_outdated(kernel)
    began = time.monotonic()
    steps = [_words, _personal_data, _heuristics, _models, _block_lists, _pages]
    for done, step in enumerate(reversed(steps) if backwards else steps, 1):
        step()
        if time.monotonic() - began > _TELL_AFTER:
            show("kernels", done, len(steps))


def _words() -> None:
    textkernels.compile_kernels()


def _personal_data() -> None:
    spans = span_rows(_TEXTS, _DOCS, _TEXTS, find_spans(_TEXTS), Privacy())
    training_text(_DOCS.to_numpy(), _TEXTS, spans)


def _heuristics() -> None:
    heuristics(_TEXTS)


def _models() -> None:
    Languages().predict(_TEXTS)
    Educational().score(_TEXTS)


def _block_lists() -> None:
    with tempfile.TemporaryDirectory() as folder:
        domains = Path(folder) / "domains.txt"
        domains.write_text("example.com/path\n")
        BlockLists.load([str(domains)]).blocked(pa.array(["https://example.com/path"]))


def _pages() -> None:
    extract(_PAGE)

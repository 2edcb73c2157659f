"""Everything that is compiled, compiled once before documents are read."""

import tempfile
from pathlib import Path

import pyarrow as pa

import textkernels
from classifiers.block_lists import BlockLists
from classifiers.educational import Educational
from classifiers.heuristics import heuristics
from classifiers.language import Languages
from classifiers.personal_data import find_spans, span_rows
from pipelines.readers.html.extract import extract
from pipelines.training_text import training_text
from schemas.privacy import Privacy

_TEXT = "Words for all kernels.\n\nWrite to somebody@example.net, or look at 8.8.8.8.\n"
_PAGE = (
    "<html><body><p>Words, and <code>code</code>.</p><table><tr><th>a<td>b</table><math></math></body></html>"
)


def compile_everything() -> None:
    """Compile every kernel into its on-disk cache, or load it from there, by running each once."""
    textkernels.compile_kernels()
    text = pa.array([_TEXT, "", "Wörter, 文章"])
    docs = pa.array([0, 1, 2])
    heuristics(text)
    Languages().predict(text)
    Educational().score(text)
    training_text(docs.to_numpy(), text, span_rows(text, docs, text, find_spans(text), Privacy()))
    extract(_PAGE)
    with tempfile.TemporaryDirectory() as folder:
        domains = Path(folder) / "domains.txt"
        domains.write_text("example.com/path\n")
        BlockLists.load([str(domains)]).blocked(pa.array(["https://example.com/path"]))

"""The main content of an HTML page as text."""

from dataclasses import dataclass

import numpy as np
from resiliparse.parse.html import HTMLTree

from pipelines.readers.html.content import main_content
from pipelines.readers.html.guard import defuse
from pipelines.readers.html.markdown import markdown
from pipelines.readers.html.nodes import read_nodes


@dataclass(frozen=True)
class Page:
    """What a page says: its main content, its title and the language its html element names."""

    text: str
    title: str | None
    language: str | None


def extract(html: str) -> Page:
    """Return the main content of a page; pages of navigation alone give an empty text."""
    document = defuse(html.replace("\0", "").encode("utf-8", "replace"))
    tree = HTMLTree.parse_from_bytes(document)
    root = tree.document.document_element if tree.document is not None else None
    if root is None:
        return Page("", None, None)
    serialised = np.frombuffer(root.html.encode(), np.uint8)
    nodes = read_nodes(serialised)
    return Page(
        text=markdown(serialised, nodes, main_content(serialised, nodes)).decode("utf-8", "replace"),
        title=" ".join((tree.title or "").split()) or None,
        language=(root.getattr("lang") or "").strip() or None,
    )

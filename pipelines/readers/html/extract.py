"""The main content of an HTML page as text."""

from dataclasses import dataclass

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree


@dataclass(frozen=True)
class Page:
    """What a page says: its main content, its title and the language its html element names."""

    text: str
    title: str | None
    language: str | None


def extract(html: str) -> Page:
    """Return the main content of a page; pages of navigation alone give an empty text."""
    tree = HTMLTree.parse(html.replace("\0", ""))
    root = tree.document.document_element if tree.document is not None else None
    language = root.getattr("lang") if root is not None else None
    return Page(
        text=extract_plain_text(tree, main_content=True, alt_texts=False),
        title=(tree.title or "").strip() or None,
        language=(language or "").strip() or None,
    )

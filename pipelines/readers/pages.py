"""Bytes of one document that is no record of columns: an HTML page or a text, as the columns of a record."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.readers.encoding import decoded
from pipelines.readers.html.extract import extract
from pipelines.readers.records import Unusable

VERSION = 1
"""To be raised with every change of what text a page gives: what was read before is then read again."""

Document = tuple[str, str | None, str | None]
"""Text, title, language."""


def page_document(data: bytes, charset: str | None, document_bytes: int) -> Document:
    """The main content of an HTML page, its title and the language it names.

    charset: what the HTTP header says. Raises Unusable where the bytes are not text, the main content is empty, or
    the page or its content has more than `document_bytes`.
    """
    require_size(len(data), document_bytes)
    page = extract(decoded(data, charset, is_html=True))
    return require_document(page.text, document_bytes), page.title, _primary_language(page.language)


def text_document(data: bytes, charset: str | None, document_bytes: int) -> Document:
    """Plain text as it is. Raises Unusable as `page_document` does."""
    require_size(len(data), document_bytes)
    return require_document(decoded(data, charset), document_bytes), None, None


def require_size(size: int, document_bytes: int) -> None:
    if size > document_bytes:
        raise Unusable("oversize", f"{size} bytes, more than {document_bytes}")


def require_document(text: str, document_bytes: int) -> str:
    """The text. Raises Unusable where it is blank or too large."""
    if not text or text.isspace():
        raise Unusable("empty_text", f"{len(text)} characters, all blank")
    if 4 * len(text) > document_bytes:
        require_size(len(text.encode()), document_bytes)
    return text


def record_values(
    document_id: str,
    document: Document,
    kind: str,
    metadata: Sequence[str],
    facts: Mapping[str, str | None],
    url: str | None = None,
    created: int | None = None,
) -> tuple[Any, ...]:
    """Values of a record as RecordsBuilder takes them. facts: what `metadata` may ask for, by lower-case name."""
    text, title, language = document
    known = {"title": title, **facts}
    return (
        document_id,
        text,
        None,
        url,
        language,
        kind,
        created,
        *(known.get(name.lower()) for name in metadata),
    )


def _primary_language(tag: str | None) -> str | None:
    """`en` of `en-US`; None of what is no language tag."""
    primary = (tag or "").replace("_", "-").split("-", 1)[0].strip().lower()
    return primary if primary.isascii() and primary.isalpha() and len(primary) in (2, 3) else None

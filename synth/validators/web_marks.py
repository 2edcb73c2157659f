"""Marks of a web page that a rewrite should have left out."""

import re
from typing import Literal

_MARK = re.compile(
    r"\b(?:read more|click here|(?:don['’]t forget to )?subscribe (?:to|now|here|!)|sign up (?:for|now|here)"
    r"|share (?:this|on) (?:article|post|page|facebook|twitter)|all rights reserved|follow us on|log in to"
    r"|cookie policy|privacy policy|leave a (?:comment|reply)|best deals|advertisement)\b"
    r"|https?://|www\.",
    re.IGNORECASE,
)


def web_marks(text: str) -> Literal["web_marks"] | None:
    """Whether a text has a link or a call that only a page makes."""
    return "web_marks" if _MARK.search(text) else None

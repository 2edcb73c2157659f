"""Short readable pieces of hostile text: for a terminal and for a page."""

import difflib
import unicodedata
from dataclasses import dataclass

_JOINERS = "\u200c\u200d"
_CHANGES = 5
_DIFF_WORDS = 2_000
_CONTEXT_WORDS = 4
_CHANGE_WORDS = 12


def readable(text: str, characters: int) -> str:
    """The first characters of a text. Control characters, and those that reorder or hide what stands
    around them, are written as escapes; newlines and tabs stay."""
    cut = text[:characters]
    shown = "".join(_escape(char) for char in cut)
    return shown + "…" if len(text) > len(cut) else shown


def _escape(char: str) -> str:
    if char in "\n\t" or char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp"):
        return char
    number = ord(char)
    return f"\\x{number:02x}" if number < 256 else f"\\u{{{number:x}}}"


@dataclass(frozen=True)
class Change:
    """One change of words from one text to another, with a few words around it."""

    before: str
    removed: str
    added: str
    after: str

    def as_text(self) -> str:
        """As `before [-removed-]{+added+} after`."""
        removed = f"[-{self.removed}-]" if self.removed else ""
        added = f"{{+{self.added}+}}" if self.added else ""
        return " ".join(part for part in (self.before, removed + added, self.after) if part)


def word_changes(kept: str, dropped: str) -> list[Change]:
    """The first five changes from the kept text to the dropped one, in the first 2,000 words of each."""
    left, right = kept.split()[:_DIFF_WORDS], dropped.split()[:_DIFF_WORDS]
    edits = [edit for edit in difflib.SequenceMatcher(None, left, right).get_opcodes() if edit[0] != "equal"]
    return [
        Change(
            before=_words(left[max(i - _CONTEXT_WORDS, 0) : i]),
            removed=_words(left[i:j]),
            added=_words(right[k:m]),
            after=_words(left[j : j + _CONTEXT_WORDS]),
        )
        for _, i, j, k, m in edits[:_CHANGES]
    ]


def _words(words: list[str]) -> str:
    shown = " ".join(words[:_CHANGE_WORDS]) + (" …" if len(words) > _CHANGE_WORDS else "")
    return readable(shown, 400)

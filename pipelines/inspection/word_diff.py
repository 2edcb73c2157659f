"""What differs between two texts, word by word, as one passage to read."""

import difflib
import re
from dataclasses import dataclass
from typing import Literal

from .excerpts import readable

_WORD = re.compile(r"\S+\s*")
_LONGEST_WORD = 80
_COMPARED_WORDS = 400
_CONTEXT_WORDS = 8
_STRETCH_WORDS = 40
_DEEPEST_INDENT = 16
_SHOWN_WORDS = 160


@dataclass(frozen=True)
class Stretch:
    """Consecutive words that are in both texts, in the dropped one alone, in the kept one alone, or not shown.

    text: without the space after it; ends_line: whether that holds a new line.
    """

    kind: Literal["same", "added", "removed", "skipped"]
    text: str
    ends_line: bool = False


def word_diff(kept: str, dropped: str) -> list[Stretch]:
    """How the dropped text differs from the kept one: all its stretches, in order; empty where no word differs.

    What both begin with is skipped but for a few words; of the rest the first 400 words of each are
    compared, and about 160 are shown. Space counts for nothing.
    """
    left, right = _words(kept), _words(dropped)
    begin = 0
    while begin < min(len(left), len(right)) and left[begin].rstrip() == right[begin].rstrip():
        begin += 1
    if begin == len(left) == len(right):
        return []
    start = max(0, begin - _CONTEXT_WORDS)
    stretches = [_skipped(start)] if start else []
    shown = 0
    rest_left, rest_right = left[start : start + _COMPARED_WORDS], right[start : start + _COMPARED_WORDS]
    matcher = difflib.SequenceMatcher(
        None, [word.rstrip() for word in rest_left], [word.rstrip() for word in rest_right], autojunk=False
    )
    codes = matcher.get_opcodes()
    for place, (kind, i, j, k, m) in enumerate(codes):
        if shown >= _SHOWN_WORDS:
            stretches.append(Stretch("skipped", "further changes"))
            return stretches
        if kind == "equal":
            stretches += _same(rest_right[k:m], place == 0, place == len(codes) - 1)
        else:
            stretches += [
                _stretch(kind, words)
                for kind, words in (("removed", rest_left[i:j]), ("added", rest_right[k:m]))
                if words
            ]
        shown += min(j - i + m - k, 2 * _STRETCH_WORDS)
    beyond = max(len(left), len(right)) - start - _COMPARED_WORDS
    if beyond > 0:
        stretches.append(Stretch("skipped", f"{beyond:,} more words, not compared"))
    return stretches


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _same(words: list[str], is_first: bool, is_last: bool) -> list[Stretch]:
    before = 0 if is_first else _CONTEXT_WORDS
    after = 0 if is_last else _CONTEXT_WORDS
    if len(words) <= before + after + 2:
        return [_stretch("same", words)]
    middle = len(words) - before - after
    parts = [words[:before], words[len(words) - after :]]
    return [
        *([_stretch("same", parts[0])] if before else []),
        _skipped(middle),
        *([_stretch("same", parts[1])] if after else []),
    ]


def _stretch(kind: Literal["same", "added", "removed"], words: list[str]) -> Stretch:
    cut = [_readable_word(word) for word in words[:_STRETCH_WORDS]]
    more = len(words) - len(cut)
    text = "".join(cut).rstrip() + (f" … {more:,} words" if more else "")
    return Stretch(kind, text, ends_line="\n" in _space_after(words[-1]))


def _readable_word(word: str) -> str:
    """A word, and of the space after it one space, or one new line with how far the next one is indented."""
    space = _space_after(word)
    indent = space.rpartition("\n")[2][:_DEEPEST_INDENT]
    return readable(word.rstrip(), _LONGEST_WORD) + (readable(f"\n{indent}", 20) if "\n" in space else " ")


def _space_after(word: str) -> str:
    return word[len(word.rstrip()) :]


def _skipped(words: int) -> Stretch:
    return Stretch("skipped", f"{words:,} same words" if words != 1 else "1 same word")

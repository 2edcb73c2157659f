"""The ways in which decontamination_recall.py writes a benchmark item into a document.

A kind has one or more ways; a way is a function of a text, or of an item, that returns it changed, or the same
where it has nothing to change. What a way changes is the item as a page prints it (question, options, often the
answer) or, in half of the cases, the question alone.
"""

import random
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_uppercase

HAN = "\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
SPACES = re.compile(r"\s+")
CODE_WIDTH = 60


@dataclass(frozen=True)
class Item:
    """An item of a benchmark. words: of its question."""

    benchmark: str
    item_id: str
    question: str
    answer: str
    choices: tuple[str, ...]
    words: int


@dataclass(frozen=True)
class Vocabulary:
    """Words to substitute with, each once: ASCII words, and single Han characters."""

    words: list[str]
    han: list[str]


@dataclass(frozen=True)
class Variant:
    text: str
    way: str


TextWay = Callable[[str, random.Random], str]


def printed(item: Item, chance: random.Random, choices: tuple[str, ...] | None = None) -> str:
    """The item as a page of exercises prints it; `choices` instead of its own."""
    choices = item.choices if choices is None else choices
    mark = chance.choice(["{}. ", "{}) ", "({}) ", "- "])
    lines = [item.question]
    lines += [
        f"{mark.format(ascii_uppercase[k % 26]) if '{' in mark else mark}{choice}"
        for k, choice in enumerate(choices)
    ]
    if item.answer and chance.random() < 0.5:
        lines.append(chance.choice(["Answer: {}", "A: {}", "{}"]).format(item.answer))
    return chance.choice(["\n", "\n", " "]).join(lines)


def _each_word(text: str, chance: random.Random, share: float, change: Callable[[str], str]) -> str:
    return WORD.sub(lambda word: change(word[0]) if chance.random() < share else word[0], text)


def _each_space(text: str, chance: random.Random, share: float, insert: Callable[[], str]) -> str:
    """Other white space or markup in place of a share of the spaces; of one at least."""
    spaces = [match.span() for match in SPACES.finditer(text)]
    if not spaces:
        return text
    sure = chance.randrange(len(spaces))
    out, done = [], 0
    for k, (start, end) in enumerate(spaces):
        if k == sure or chance.random() < share:
            out += [text[done:start], insert()]
            done = end
    return "".join([*out, text[done:]])


# Punctuation and case.


def upper(text: str, chance: random.Random) -> str:
    return text.upper()


def lower_without_punctuation(text: str, chance: random.Random) -> str:
    """Punctuation beside white space is gone, that inside words and numbers stays."""
    return re.sub(r"[^\w\s]+(?=\s|$)|(?:(?<=\s)|^)[^\w\s]+", "", text.lower())


def joined_at_apostrophes_and_hyphens(text: str, chance: random.Random) -> str:
    """As cleaners write that delete punctuation: dont, wellknown."""
    return re.sub(r"(?<=[^\W\d_])['’‐‑-](?=[^\W\d_])", "", text)


def other_punctuation(text: str, chance: random.Random) -> str:
    dressed = _each_space(text, chance, 0.15, lambda: chance.choice([", ", " - ", "; ", " ... ", ": "]))
    return re.sub(r"[.?!](?=\s|$)", lambda _: chance.choice([";", "!!", " ...", "", ","]), dressed)


# Unicode look-alikes.

CYRILLIC = dict(zip("aceopxysijABCEHIKMOPTXS", "асеорхуѕіјАВСЕНІКМОРТХЅ", strict=True))
GREEK = dict(zip("ovpiuABEZHIKMNOPTYX", "ονριυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", strict=True))
FULL_WIDTH = {chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)} | {" ": "\u3000"}
LIGATURES = {"ffi": "ﬃ", "ffl": "ﬄ", "ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ"}


def _letters(table: dict[str, str], share: float) -> TextWay:
    def replace(text: str, chance: random.Random) -> str:
        return "".join(table[c] if c in table and chance.random() < share else c for c in text)

    return replace


def curly_quotes_and_dashes(text: str, chance: random.Random) -> str:
    text = re.sub(r'"([^"\n]*)"', r"“\1”", text).replace("'", "’")
    return text.replace("--", "—").replace("-", chance.choice("–‑‐"))


def no_break_spaces(text: str, chance: random.Random) -> str:
    return _each_space(text, chance, 0.5, lambda: chance.choice("\u00a0\u202f\u2009\u2007"))


def zero_width(text: str, chance: random.Random) -> str:
    """Invisible characters inside words."""
    marks = "\u200b\u200c\u200d\u2060\ufeff\u00ad"

    def split(word: str) -> str:
        at = chance.randrange(1, len(word)) if len(word) > 1 else 1
        return word[:at] + chance.choice(marks) + word[at:]

    return _each_word(text, chance, 0.3, split)


def ligatures(text: str, chance: random.Random) -> str:
    return re.sub("|".join(LIGATURES), lambda match: LIGATURES[match[0]], text)


# Split by markup.


def bold_tags(text: str, chance: random.Random) -> str:
    tag = chance.choice(["b", "i", "em", "strong", "span"])
    return _each_word(text, chance, 0.2, lambda word: f"<{tag}>{word}</{tag}>")


def break_tags(text: str, chance: random.Random) -> str:
    return _each_space(text, chance, 0.15, lambda: chance.choice(["<br>", "<br/>", "<br />\n"]))


def entities(text: str, chance: random.Random) -> str:
    """Character references as in the source of a page, left as they are by a poor extraction."""
    text = text.replace("&", "&amp;").replace('"', "&quot;").replace("'", chance.choice(["&#39;", "&rsquo;"]))
    return _each_space(text, chance, 0.1, lambda: "&nbsp;")


def asterisks(text: str, chance: random.Random) -> str:
    mark = chance.choice(["**", "*", "__", "`"])
    return _each_word(text, chance, 0.2, lambda word: f"{mark}{word}{mark}")


def narrow_lines(text: str, chance: random.Random) -> str:
    return textwrap.fill(SPACES.sub(" ", text), chance.randrange(20, 50))


def table_cells(text: str, chance: random.Random) -> str:
    return "| " + _each_space(text, chance, 0.2, lambda: chance.choice([" | ", " | ", " |\n| "])) + " |"


# Code comments.


def _comment(prefix: str, opened: str = "", closed: str = "") -> TextWay:
    def wrap(text: str, chance: random.Random) -> str:
        indent = " " * chance.choice([0, 4, 8])
        width = CODE_WIDTH - len(indent) - len(prefix)
        lines = [line for part in text.split("\n") for line in textwrap.wrap(part, width) or [""]]
        body = [f"{indent}{prefix}{line}".rstrip() for line in lines]
        return "\n".join(
            [*([indent + opened] if opened else []), *body, *([indent + closed] if closed else [])]
        )

    return wrap


# What changes the words.


def change_numbers(text: str, chance: random.Random) -> str:
    """Every number written in digits becomes another one of as many digits."""

    def other(match: re.Match) -> str:
        number = match[0]
        while True:
            first = chance.choice("123456789" if len(number) > 1 and number[0] != "0" else "0123456789")
            found = first + "".join(chance.choice("0123456789") for _ in number[1:])
            if found != number:
                return found

    return re.sub(r"[0-9]+", other, text)


def substitute(text: str, share: float, vocabulary: Vocabulary, chance: random.Random) -> str:
    """A share of the words, one at least, becomes words of the vocabulary."""
    spans = [match.span() for match in WORD.finditer(text)]
    if not spans:
        return text
    chosen = sorted(chance.sample(range(len(spans)), max(1, round(share * len(spans)))))
    out, done = [], 0
    for k in chosen:
        start, end = spans[k]
        old = text[start:end]
        source = vocabulary.han if re.match(f"[{HAN}]", old) else vocabulary.words
        new = chance.choice(source)
        while new == old.lower():
            new = chance.choice(source)
        out += [text[done:start], new.capitalize() if old[0].isupper() else new]
        done = end
    return "".join([*out, text[done:]])


TEXT_WAYS: dict[str, dict[str, TextWay]] = {
    "punctuation and case": {
        "upper case": upper,
        "lower case, no punctuation": lower_without_punctuation,
        "joined at ' and -": joined_at_apostrophes_and_hyphens,
        "other punctuation": other_punctuation,
    },
    "look-alikes": {
        "Cyrillic letters": _letters(CYRILLIC, 0.3),
        "Greek letters": _letters(GREEK, 0.3),
        "full width": _letters(FULL_WIDTH, 1.0),
        "curly quotes and dashes": curly_quotes_and_dashes,
        "no-break spaces": no_break_spaces,
        "zero width": zero_width,
        "ligatures": ligatures,
    },
    "split by markup": {
        "bold tags": bold_tags,
        "<br>": break_tags,
        "&nbsp;": entities,
        "asterisks": asterisks,
        "narrow lines": narrow_lines,
        "table cells": table_cells,
    },
    "code comment": {
        "#": _comment("# "),
        "//": _comment("// "),
        "/* */": _comment(" * ", "/*", " */"),
    },
}

VERBATIM, QUESTION_ONLY, REORDERED = "verbatim", "question only", "choices reordered"
NUMBERS, TENTH, QUARTER = "numbers changed", "10 % substituted", "25 % substituted"
SHARES = {TENTH: 0.10, QUARTER: 0.25}
KINDS = (
    VERBATIM, QUESTION_ONLY, "punctuation and case", "look-alikes", "split by markup", REORDERED,
    "code comment", NUMBERS, TENTH, QUARTER,
)  # fmt: skip


def ways_of(kind: str) -> tuple[str, ...]:
    return tuple(TEXT_WAYS[kind]) if kind in TEXT_WAYS else (kind,)


def variant(kind: str, way: str, item: Item, vocabulary: Vocabulary, chance: random.Random) -> Variant | None:
    """The item written in a way of a kind; None where the way has nothing to change in it."""
    if kind == VERBATIM:
        return Variant(printed(item, chance), "printed")
    if kind == QUESTION_ONLY:
        return Variant(item.question, "question")
    if kind == REORDERED:
        if len(set(item.choices)) < 2:
            return None
        other = item.choices
        while other == item.choices:
            other = tuple(chance.sample(item.choices, len(item.choices)))
        return Variant(printed(item, chance, other), "printed")
    base, part = (item.question, "question") if chance.random() < 0.5 else (printed(item, chance), "printed")
    if kind == NUMBERS:
        numbers = len(re.findall("[0-9]+", item.question))
        # Where half of the words are numbers, it is another question.
        if not numbers or 2 * numbers > item.words:
            return None
        return Variant(change_numbers(base, chance), part)
    if kind in SHARES:
        return Variant(substitute(base, SHARES[kind], vocabulary, chance), part)
    text = TEXT_WAYS[kind][way](base, chance)
    return None if text == base else Variant(text, f"{way}, {part}")

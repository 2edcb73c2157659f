"""How well `trigram_surprise` tells gibberish from text of the same language: areas under the curve.

    PYTHONPATH=. python -P benchmarks/heuristics_gibberish.py FILE.parquet [FILE.parquet ...]

Files are those `textkernels.build_trigram_surprise` takes; the documents are those held out there. Each
kind of gibberish is made from the very texts it is compared with: 1 is perfect, 0.5 is chance.
"""

import argparse
import base64
import random
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from textkernels import trigram_surprise as module
from textkernels.build_trigram_surprise import documents, is_held_out, language_of

PER_LANGUAGE, SIZES = 120, (200, 1000)
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_CHOOSE = random.Random(1)


def random_letters(text: str) -> str:
    letters = sorted(set(filter(str.isalpha, text))) or ["a"]
    return "".join(_CHOOSE.choice(letters) if char.isalpha() else char for char in text)


def ocr_noise(text: str) -> str:
    """One character of four replaced by another one of the text."""
    seen = sorted({char for char in text if not char.isspace()})
    return "".join(
        _CHOOSE.choice(seen) if _CHOOSE.random() < 0.25 and not char.isspace() else char for char in text
    )


def base64_lines(text: str) -> str:
    coded = base64.b64encode(_CHOOSE.randbytes(len(text))).decode()[: len(text)]
    return "\n".join(coded[at : at + 76] for at in range(0, len(coded), 76))


def mojibake(text: str) -> str:
    """UTF-8 read as Latin-1; nothing for text that is nearly all ASCII, which it leaves as it is."""
    beyond = sum(not char.isascii() for char in text)
    return text.encode().decode("latin-1") if beyond * 50 > len(text) else ""


def keyboard_mash(text: str) -> str:
    mashed: list[str] = []
    while len(mashed) < len(text):
        row = _CHOOSE.choice(ROWS)
        place = _CHOOSE.randrange(len(row))
        for _ in range(_CHOOSE.randint(2, 9)):
            place = min(max(place + _CHOOSE.choice((-2, -1, 1, 1, 2)), 0), len(row) - 1)
            mashed.append(row[place])
        if _CHOOSE.random() < 0.3:
            mashed.append(" ")
    return "".join(mashed)


def shuffled(text: str) -> str:
    return "".join(_CHOOSE.sample(text, len(text)))


KINDS: tuple[Callable[[str], str], ...] = (
    random_letters, ocr_noise, base64_lines, keyboard_mash, shuffled, mojibake,
)  # fmt: skip


def area(gibberish: np.ndarray, text: np.ndarray) -> float:
    """Share of pairs in which the gibberish has the higher value; ties count half."""
    higher = (gibberish[:, None] > text[None, :]).mean()
    return float(higher + (gibberish[:, None] == text[None, :]).mean() / 2)


def held_out(paths: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in documents(paths):
        if is_held_out(row["id"]) and len(row["text"]) >= SIZES[0] * 1.1:
            found.setdefault(language_of(row), []).append(row["text"])
    return {
        language: _CHOOSE.sample(texts, min(PER_LANGUAGE, len(texts)))
        for language, texts in sorted(found.items())
        if len(texts) >= 30 and language in module.languages()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parquet", nargs="+")
    texts = held_out(parser.parse_args().parquet)
    print("languages: " + ", ".join(f"{language} {len(those)}" for language, those in texts.items()))
    print(f"{'':16} {'characters':>10} {'mean':>7} {'lowest':>7}")
    for size in SIZES:
        for kind in KINDS:
            areas = {}
            for language, those in texts.items():
                real = [text[:size] for text in those]
                made = [bad for bad in map(kind, real) if bad]
                if len(made) >= 20:
                    areas[language] = area(
                        module.trigram_surprise(pa.array(made)), module.trigram_surprise(pa.array(real))
                    )
            lowest = min(areas, key=areas.__getitem__)
            mean = np.mean(list(areas.values()))
            print(f"{kind.__name__:16} {size:10} {mean:7.3f} {areas[lowest]:7.3f} {lowest}")


if __name__ == "__main__":
    main()

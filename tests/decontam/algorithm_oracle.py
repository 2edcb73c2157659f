"""Algorithm 1 of the Phi-4 report by sets of tuples of words: the slow reference."""

from dataclasses import dataclass, field

from tests.textkernels.word_oracle import words_of

Gram = tuple[str, ...]


def grams_in_order(words: list[str], n: int) -> list[Gram]:
    return [tuple(words[k : k + n]) for k in range(len(words) - n + 1)]


@dataclass
class OracleItem:
    """An item as the oracle sees it; items are compared in order of (benchmark, id)."""

    benchmark: str
    id: str
    question: str
    answer: str = ""
    choices: list[str] = field(default_factory=list)
    context: str = ""

    @property
    def label(self) -> str:
        return f"{self.benchmark}/{self.id}"

    def texts(self) -> list[str]:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        texts = [self.question, self.question + " " + self.answer, self.context]
        if self.choices:
            lettered = [f"{letter}. {choice}" for letter, choice in zip(letters, self.choices, strict=False)]
            texts.append(self.question + " " + " ".join(lettered))
            texts.append(self.question + " " + " ".join(self.choices))
        return texts

    def variants(self, n: int) -> list[set[Gram]]:
        return [set(grams_in_order(words_of(text), n)) for text in self.texts()]

    def grams(self, n: int) -> set[Gram]:
        return set().union(*self.variants(n))

    def row(self) -> dict:
        return {
            "benchmark": self.benchmark,
            "id": self.id,
            "question": self.question,
            "answer": self.answer,
            "choices": self.choices,
            "context": self.context,
        }


def allowed_grams(phrases: list[str]) -> set[Gram]:
    return {gram for phrase in phrases for gram in grams_in_order(words_of(phrase), 13)}


def algorithm_1(
    text: str, items: list[OracleItem], allowed: set[Gram], info: float, contaminated: float
) -> tuple[dict, list[dict]]:
    """The verdict and the hits, with places counted in words; `items` in order of (benchmark, id)."""
    words = words_of(text)
    train7, train13 = grams_in_order(words, 7), grams_in_order(words, 13)
    ratios, shared7, shared13 = [], [], []
    for item in items:
        ratios.append(
            max(
                len(set(train7) & test7) / min(len(set(train7)), len(test7)) if train7 and test7 else 0.0
                for test7 in item.variants(7)
            )
        )
        shared7.append(len(set(train7) & item.grams(7)))
        shared13.append(len(set(train13) & item.grams(13) - allowed))
    best = max(range(len(items)), key=lambda i: (shared13[i], ratios[i], shared7[i], -i), default=None)
    max_ratio = max(ratios, default=0.0)
    if any(shared13):
        verdict, rule = "contaminated", "13-gram"
    elif max_ratio > info:
        verdict, rule = "contaminated" if max_ratio >= contaminated else "partial", "7-gram"
    else:
        verdict, rule = "clean", None
    found = {"verdict": verdict, "rule": rule, "ratio": max_ratio}
    found |= {"benchmark": None, "item_id": None, "shared_13grams": 0, "shared_7grams": 0, "segment": None}
    if rule is None:
        return found, []
    decider = items[best]
    n = 13 if rule == "13-gram" else 7
    own = decider.grams(n) - (allowed if n == 13 else set())
    longest = max(
        runs_of(grams_in_order(words, n), [(decider.label, own)]), key=lambda r: (r[1] - r[0], -r[0])
    )
    found |= {"benchmark": decider.benchmark, "item_id": decider.id}
    found |= {"shared_13grams": shared13[best], "shared_7grams": shared7[best]}
    found["segment"] = words[longest[0] : longest[1] + n]
    hits = []
    evidence13 = [(item.label, item.grams(13) - allowed) for item in items]
    evidence7 = [
        (item.label, item.grams(7)) for item, ratio in zip(items, ratios, strict=True) if ratio > info
    ]
    for rule, train, evidence, n in (("13-gram", train13, evidence13, 13), ("7-gram", train7, evidence7, 7)):
        for first, last in runs_of(train, evidence):
            held = {
                label: sum(gram in grams for gram in train[first : last + 1]) for label, grams in evidence
            }
            held = {label: count for label, count in held.items() if count}
            hits.append(
                {
                    "rule": rule,
                    "main": max(held, key=lambda label: held[label]),
                    "first": first,
                    "words": words[first : last + n],
                    "items": list(held),
                }
            )
    return found, hits


def runs_of(train: list[Gram], evidence: list[tuple[str, set[Gram]]]) -> list[tuple[int, int]]:
    """First and last place of every maximal run of grams that some item holds."""
    runs: list[tuple[int, int]] = []
    for place, gram in enumerate(train):
        if not any(gram in grams for _, grams in evidence):
            continue
        if runs and runs[-1][1] == place - 1:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs

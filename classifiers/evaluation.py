"""How well scores of educational value meet labels, with the uncertainty of the choice of sources."""

from collections.abc import Callable, Sequence

import numpy as np

from classifiers.labels import LEVELS

THRESHOLD = 2.5
_RESAMPLES = 1000

Measure = Callable[[np.ndarray, np.ndarray], float]


def f1_of_educational(labels: np.ndarray, scores: np.ndarray) -> float:
    """F1 of "3 or more", which scores of 2.5 and above stand for; 0 where there is none."""
    return _f1(labels >= 3, scores >= THRESHOLD)


def macro_f1(labels: np.ndarray, scores: np.ndarray) -> float:
    """Mean of F1 over the labels that occur, of scores rounded to the nearest label, halves up."""
    nearest = np.clip(np.floor(scores + 0.5), 0, LEVELS - 1)
    return float(np.mean([_f1(labels == level, nearest == level) for level in np.unique(labels)]))


def spearman(labels: np.ndarray, scores: np.ndarray) -> float:
    """Spearman's rank correlation, ties at their mean rank; 0 where either does not vary."""
    a, b = (ranks - ranks.mean() for ranks in map(_ranks, (labels, scores)))
    product = np.sqrt(np.sum(a * a) * np.sum(b * b))
    return float(np.sum(a * b) / product) if product else 0.0


MEASURES: dict[str, Measure] = {
    "F1 of 3 or more": f1_of_educational,
    "macro-F1": macro_f1,
    "Spearman": spearman,
}


def interval(
    measure: Measure, labels: np.ndarray, scores: np.ndarray, sources: Sequence[str]
) -> tuple[float, float, float]:
    """A measure and its 95 % bootstrap interval: value, lower and upper end.

    Whole sources are drawn, with replacement, 1,000 times with a fixed seed: documents of one source are alike, and
    drawing documents would promise too much.
    """
    names, rows = np.unique(np.array(sources), return_inverse=True)
    of_source = np.split(np.argsort(rows, kind="stable"), np.cumsum(np.bincount(rows))[:-1])
    generator = np.random.Generator(np.random.PCG64(0))
    drawn = []
    for _ in range(_RESAMPLES):
        chosen = np.concatenate([of_source[k] for k in generator.integers(len(names), size=len(names))])
        drawn.append(measure(labels[chosen], scores[chosen]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return measure(labels, scores), float(low), float(high)


def _f1(wanted: np.ndarray, found: np.ndarray) -> float:
    both = np.count_nonzero(wanted & found)
    total = np.count_nonzero(wanted) + np.count_nonzero(found)
    return 2 * both / total if total else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]

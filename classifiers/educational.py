"""The educational value of documents, 0 to 5, by a small model over three windows of each.

The model that ships, `models/educational.parquet`, and what may be expected of it: `models/educational.md`.
`python -m classifiers.training` makes another of your own labels.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa

from classifiers.grams import RULE as GRAMS
from classifiers.grams import grams
from classifiers.linear_model import LinearModel
from classifiers.windows import EDUCATIONAL, windows

SHIPPED = Path(__file__).with_name("models") / "educational.parquet"


class Educational:
    """A model of educational value.

    Raises:
        ModelError: the model's file is absent or damaged, or was trained on other windows or grams; the
            message names it.
    """

    def __init__(self, path: Path = SHIPPED) -> None:
        self._model = LinearModel.read(path, EDUCATIONAL.name, GRAMS)

    def score(self, text: pa.Array | pa.ChunkedArray) -> pa.DoubleArray:
        """Score each of n documents: the mean over its windows.

        Args:
            text: string or large_string.

        Returns:
            float64 in 0 to 5, to 3 decimals; 2.5 and above stands for the labels 3 to 5. Null where the
            model knows not one word of the windows.

        Raises:
            TypeError: the column is of another type.
        """
        pieces, documents = windows(text, EDUCATIONAL)
        return pa.array(
            np.round(mean_by_document(self._model.scores(*grams(pieces)), documents), 3), from_pandas=True
        )


def mean_by_document(scores: np.ndarray, documents: np.ndarray) -> np.ndarray:
    """Means of the windows' scores, float64[n], over ``documents[i]:documents[i + 1]``; NaN counts for nothing."""
    rows = np.repeat(np.arange(len(documents) - 1), np.diff(documents))
    known = ~np.isnan(scores)
    count = np.bincount(rows[known], minlength=len(documents) - 1)
    total = np.bincount(rows[known], scores[known], minlength=len(documents) - 1)
    return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)

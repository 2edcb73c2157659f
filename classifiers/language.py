"""The language of documents, by fastText's lid.176 over two windows of each.

The model is `classifiers/models/lid.176.ftz` of Facebook AI Research (models/NOTICE). It knows 176
languages and answers with one of them whatever it is given; a low score says that it may be none.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from classifiers.fasttext_kernel import FastTextModel
from classifiers.windows import LANGUAGE, windows

LID_176 = Path(__file__).with_name("models") / "lid.176.ftz"


class Languages:
    """A language model; loading it takes some 30 ms.

    Raises:
        ModelError: the model's file is absent or damaged; the message names it.
    """

    def __init__(self) -> None:
        self._model = FastTextModel.load(LID_176)
        self._codes = pa.array(self._model.labels)

    def predict(self, text: pa.Array | pa.ChunkedArray) -> tuple[pa.StringArray, pa.DoubleArray]:
        """Name the language of each of n documents.

        Args:
            text: string or large_string.

        Returns:
            language: ISO 639-1 codes, 639-2 or 639-3 where a language has none there, as lid.176 spells them;
                null where the windows hold no letter.
            score: float64 in 0 to 1, the model's probability of that language, to 3 decimals; null with it.

        Raises:
            TypeError: the column is of another type.
        """
        pieces, documents = windows(text, LANGUAGE)
        shares = self._model.probabilities(pieces, documents)
        best = shares.argmax(axis=1) if len(shares) else np.empty(0, np.int64)
        score = np.round(np.minimum(shares[np.arange(len(shares)), best], 1).astype(np.float64), 3)
        lettered = np.zeros(len(best), bool)
        has_letter = pc.match_substring_regex(pieces, r"\p{L}").to_numpy(zero_copy_only=False)
        lettered[np.repeat(np.arange(len(best)), np.diff(documents))[has_letter]] = True
        return (
            self._codes.take(pa.array(best, mask=~lettered)),
            pa.array(score, mask=~lettered),
        )

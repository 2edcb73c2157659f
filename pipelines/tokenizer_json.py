"""A Hugging Face tokenizer.json without its special tokens, as gigatoken reads it."""

import json
from pathlib import Path
from typing import Any

import gigatoken

from pipelines.errors import RunError

USUAL_END_OF_DOCUMENT = ("<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>")


def read_tokenizer_json(name: str) -> bytes:
    """The contents of a tokenizer.json given by its path, its folder's, or a Hub id.

    A Hub id needs the extra `hf`, and the network unless the Hub's cache has the file.
    Raises RunError where there is no such file.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        path = path / "tokenizer.json"
    if path.is_file():
        return path.read_bytes()
    if path.suffix == ".json" or path.is_absolute() or name.startswith(".") or name.count("/") > 1:
        raise RunError(f"tokenizer: {path} does not exist; give `cl100k_base`, a tokenizer.json, or a Hub id")
    return _from_hub(name)


def _from_hub(name: str) -> bytes:
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise RunError(
            f"tokenizer: {name} is neither `cl100k_base` nor a file here; to fetch it from the Hugging Face Hub, "
            "pip install 'syllabus[hf]'"
        ) from None
    try:
        return Path(hf_hub_download(name, "tokenizer.json")).read_bytes()
    except Exception as error:
        raise RunError(
            f"tokenizer: {name} is neither `cl100k_base` nor a file here, and the Hugging Face Hub gave no "
            f"tokenizer.json for it ({type(error).__name__}: {' '.join(str(error).split())[:200]}); check the "
            "name and the network"
        ) from error


class OrdinaryVocabulary:
    """The vocabulary of a tokenizer.json in which no text can spell a special token.

    Added tokens that are special, and the end-of-document token, are taken out of what encodes; other
    added tokens are matched in text as the file says. The post-processor is not run: it adds tokens that
    no text has. size: one more than the largest id, all added tokens included.

    Raises RunError where the file can't be used, or lacks the end-of-document token.
    """

    def __init__(self, name: str, raw: bytes, end_of_document: str | None):
        self.name = name
        try:
            contents: dict[str, Any] = json.loads(raw)
            added = contents.get("added_tokens") or []
            ids: dict[str, int] = {**contents["model"]["vocab"], **{t["content"]: t["id"] for t in added}}
            self.size = max(ids.values()) + 1
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RunError(f"tokenizer: {name} is not a tokenizer.json of a BPE model") from None
        spelling = _end_of_document(name, ids, end_of_document)
        self.end_of_document = ids[spelling]
        special = {t["content"]: t["id"] for t in added if t.get("special")} | {spelling: ids[spelling]}
        ordinary = [token for token in added if token["content"] not in special]
        self._json = json.dumps({**contents, "added_tokens": ordinary})
        self._refuse_to_spell(special)

    def new_backend(self) -> gigatoken.Tokenizer:
        try:
            return gigatoken.Tokenizer.from_json(self._json)
        except Exception as error:
            reason = str(error).split("\n")[0]
            raise RunError(f"tokenizer: gigatoken can't read {self.name}: {reason}") from None

    def _refuse_to_spell(self, special: dict[str, int]) -> None:
        backend = self.new_backend()
        for spelling, number in special.items():
            if number in backend.encode(spelling):
                raise RunError(
                    f"tokenizer: {self.name} can't be used: its merges make the special token {spelling!r} out of "
                    "a text that spells it"
                )


def _end_of_document(name: str, ids: dict[str, int], wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in ids:
            raise RunError(f"end_of_document: {name} has no token {wanted!r}")
        return wanted
    for spelling in USUAL_END_OF_DOCUMENT:
        if spelling in ids:
            return spelling
    raise RunError(
        f"tokenizer: {name} has none of the usual end-of-document tokens {', '.join(USUAL_END_OF_DOCUMENT)}; "
        "name its own with the key `end_of_document`"
    )

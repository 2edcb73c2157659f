import ctypes
import mmap
import subprocess
import sys
import unicodedata
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textkernels.unicode_tables import UNICODE_VERSION
from textkernels.words import NORMALISER, word_hashes, words

from .word_oracle import decoded, hashes_of, is_assigned, spans_of, word_hash

ASSIGNED = [
    chr(code)
    for code in range(0x110000)
    if not 0xD800 <= code < 0xE000
    # Of Hangul syllables and private characters, which fill whole planes, a part will do.
    and not 0xAD00 <= code < 0xD700
    and not 0xE010 <= code < 0xF8FF
    and code < 0xF0000
    and is_assigned(chr(code))
]
MIXED = [
    "Die Straße führt über die Brücke; ÜBER DIE STRASSE!",
    "قرأت ١٢٣ كتابًا في المكتبة.",
    "हिन्दी में यह एक वाक्य है।",
    "ภาษาไทยไม่มีช่องว่างระหว่างคำ",
    "한국어 텍스트 그리고 한국어",
    "日本語のテキストは、コーヒーを飲みながら読む。ｶﾞｷﾞｸﾞ ＡＢＣ１２３",
    "family 👩‍👩‍👧‍👦 and ❤️ flag 🏳️‍🌈 1️⃣",
    "Русский ёжик и Ещё ЁЖИК",
    "İstanbul ﬁne ŉ ǅ ſtraße Ⅷ ẞ",
    "tiếng Việt rất đẹp TIẾNG VIỆT",
    "co\u00adoperate mi\u200cxed zero\u200bwidth a\ufe0fb",
]
GOLDEN = [
    "4e17c6f347a7c6ad",
    "ad78f2746bf3c023",
    "bb26e62af58c1ea3",
    "de4f022cd3bd0dbe",
    "4ae3f9840a85f89c",
    "25e38423ba8954ce",
    "c6f636873c6b7168",
    "2da9e0c03d7ba6a1",
]
EDGES = ["", " ", "a", "A b", "_", "a_b", "1.8 kg", "'tis", "x" * 200, "é", "\u0301", "漢"]


def found(text: str | bytes) -> list[int]:
    hashes, offsets = word_hashes(pa.array([text]))
    assert offsets.tolist() == [0, hashes.size]
    return hashes.tolist()


def spelled(text: str) -> list[str]:
    """The words of a text as its own substrings."""
    result = words(pa.array([text]))
    raw = text.encode()
    return [raw[a:b].decode() for a, b in zip(result.starts, result.ends, strict=True)]


characters = st.one_of(
    st.sampled_from(ASSIGNED),
    st.sampled_from("aAzZ09 _-.éß\u0301\u0323\u0345\u0344\u200d\u00ad\ufe0fがカｶﾞー々漢각ᾴ≮"),
    st.characters(max_codepoint=0x7F),
)
texts = st.text(characters, max_size=120)
raw_texts = st.binary(max_size=120) | st.lists(
    st.sampled_from([b"a", b" ", b"\xe3\x81\x82", b"\xe3\x81", b"\xff", b"\xcc\x81", b"\xf0\x9f"]),
    max_size=60,
).map(b"".join)


@given(texts)
@example("")
def test_hashes_are_those_of_the_oracle(text):
    assert found(text) == hashes_of(text)


@given(raw_texts)
@example(b"\xed\xa0\x80a\xed\xb0\x80b")  # surrogates
@example(b"a\xc0\x80b\xc1\xbfc\xe0\x80\x80d\xf0\x80\x80\x80e")  # overlong
@example(b"\xf4\x90\x80\x80a\xf5b")  # beyond U+10FFFF
@example(b"a\xf0\x9f\x98")  # cut off at the end
def test_bytes_that_are_not_utf8_separate_words(raw):
    text = decoded(raw)
    if is_assigned(text):
        assert found(raw) == hashes_of(text)


def test_every_character_folds_as_the_oracle_does_alone_and_among_others():
    for frame in ("{}", "a{}b", "が{}\u0301x"):
        documents = [frame.format(char) for char in ASSIGNED]
        hashes, offsets = word_hashes(pa.array(documents))
        hashes, offsets = hashes.tolist(), offsets.tolist()
        for number, document in enumerate(documents):
            of_document = hashes[offsets[number] : offsets[number + 1]]
            assert of_document == hashes_of(document), ascii(document)


def test_the_tables_are_no_older_than_this_python():
    def as_numbers(version):
        return tuple(map(int, version.split(".")))

    assert as_numbers(UNICODE_VERSION) >= as_numbers(unicodedata.unidata_version)


@pytest.mark.parametrize("text", MIXED + EDGES)
def test_scripts_and_edges_are_words_as_the_oracle_has_them(text):
    assert found(text) == hashes_of(text)


@given(st.lists(texts, max_size=8), st.integers(0, 100))
def test_documents_in_one_column_do_not_touch(documents, filler):
    documents = ["a" * filler, *documents, "z"]
    hashes, offsets = word_hashes(pa.array(documents))
    assert offsets[0] == 0 and offsets[-1] == hashes.size
    for number, document in enumerate(documents):
        assert hashes[offsets[number] : offsets[number + 1]].tolist() == hashes_of(document)


def test_a_character_cut_by_a_document_border_is_not_put_together():
    hashes, offsets = word_hashes(pa.array([b"a\xc3", b"\xa9b", b"\xe6\xbc", b"\xa2"]))
    assert hashes.tolist() == [word_hash("a"), word_hash("b")]
    assert offsets.tolist() == [0, 1, 2, 2, 2]


@given(st.text(st.characters(max_codepoint=0x7F), max_size=300))
def test_ascii_is_lowered_and_split_at_all_but_letters_and_digits(text):
    kept = "".join(char if char.isalnum() else " " for char in text.lower())
    assert found(text) == [word_hash(word) for word in kept.split()]


@given(texts)
def test_canonical_equivalents_hash_alike(text):
    expected = found(text)
    for form in ("NFC", "NFD"):
        assert found(unicodedata.normalize(form, text)) == expected


def test_hangul_syllables_are_their_jamo():
    syllables = "".join(chr(code) for code in range(0xAC00, 0xD7A4))
    assert found(syllables) == found(unicodedata.normalize("NFD", syllables))
    each = word_hashes(pa.array(list(syllables)))[0].tolist()
    assert each == [word_hash(unicodedata.normalize("NFD", char)) for char in syllables]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("ＡＢＣ１２３", "abc123"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("co\u00adoperate", "cooperate"),
        ("नम\u200dस्ते", "नमस्ते"),
        ("Å", "Å"),
        ("ΌΣΟΣ", "όσος"),
    ],
)
def test_spellings_of_one_word_hash_alike(one, other):
    assert found(one) == found(other)


def test_han_and_kana_characters_are_words_with_their_marks():
    alone = ["漢", "字", "が", "か\u3099", "ー", "ア", "々", "〇", "abc"]
    assert spelled("".join(alone)) == alone
    assert spelled("한국어 ภาษา") == ["한국어", "ภาษา"]


@given(texts)
def test_spans_are_those_of_the_oracle(text):
    result = words(pa.array([text]))
    assert result.hashes.tolist() == found(text)
    if "\u0345" not in unicodedata.normalize("NFD", text):
        spans = zip(result.starts.tolist(), result.ends.tolist(), strict=True)
        assert list(spans) == spans_of(text)


def test_spans_leave_out_what_is_around_words():
    assert spelled(" (Hello),  world! \u00adé\u00ad ") == ["Hello", "world", "é"]


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_type_slices_chunks_and_nulls_make_no_difference(type_):
    documents = [MIXED[0], None, "", *MIXED, None]
    column = pa.array(documents).cast(type_)
    expected = [hashes_of(document or "") for document in documents]
    chunked = pa.chunked_array([column[:3], column[3:3], column[3:]])
    for given_column, first in ((column, 0), (chunked, 0), (column[4:], 4), (chunked[2:], 2)):
        hashes, offsets = word_hashes(given_column)
        parts = [hashes[a:b].tolist() for a, b in pairwise(offsets)]
        assert parts == expected[first:]
        same = words(given_column)
        assert same.hashes.tolist() == hashes.tolist()
        assert same.offsets.tolist() == offsets.tolist()


def test_no_documents_have_no_words():
    hashes, offsets = word_hashes(pa.array([], pa.string()))
    assert hashes.size == 0 and offsets.tolist() == [0]


@pytest.mark.parametrize("unit", ["a b", "é ", "漢"])
def test_a_document_of_fifty_megabytes_is_like_any_other(unit):
    repeats = 50_000_000 // len(unit.encode())
    hashes, offsets = word_hashes(pa.array([unit * repeats]))
    assert offsets.tolist() == [0, hashes.size]
    if unit == "a b":  # a, ba, ba, ..., b
        assert hashes.size == repeats + 1 and (hashes[1:-1] == word_hash("ba")).all()
    else:
        assert hashes.size == repeats and (hashes == hashes_of(unit)[0]).all()


def test_a_word_of_megabytes_is_like_any_other():
    assert found("x" * 2_000_000) == [word_hash("x" * 2_000_000)]
    # Python itself would take hours to order these marks.
    ordered = "e" + "".join(mark * 200_000 for mark in "\u093c\u0323\u0301")
    assert found("e" + "\u0301\u0323\u093c" * 200_000) == [word_hash(ordered)]


@pytest.mark.skipif(sys.platform != "linux", reason="protects a page of memory")
def test_nothing_is_read_behind_the_buffer():
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 2 * page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    protect = ctypes.CDLL(None).mprotect
    protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    assert protect(address + page, page, 0) == 0
    for text in ("ab c " * 40, "漢字 ｶﾞé ẞ 각a" * 10, "😀e\u0301\u0323" * 20):
        for size in range(1, 140):
            raw = text.encode()[:size]
            memory[page - size : page] = raw
            buffers = [
                None,
                pa.py_buffer(np.array([0, size], np.int32)),
                pa.foreign_buffer(address + page - size, size),
            ]
            column = pa.Array.from_buffers(pa.binary(), 1, buffers)
            assert word_hashes(column)[0].tolist() == hashes_of(decoded(raw))
    assert protect(address + page, page, mmap.PROT_READ | mmap.PROT_WRITE) == 0


def test_the_hashes_of_a_fixed_sentence_stay():
    # Another value means another NORMALISER: stored signatures and indexes would no longer fit.
    assert NORMALISER == "words-1"
    hashes = found("Straße, 漢字 é ｶﾞ 한글 x²: internationalisation")
    assert [f"{h:016x}" for h in hashes] == GOLDEN


def test_import_needs_no_compiler_run():
    # Workers load what the driver compiled; an import alone must not compile.
    code = (
        "from numba.core import event; seen = event.RecordingListener();"
        "event.register('numba:compile', seen);"
        "import textkernels.words, textkernels.minhash, textkernels.keepers, textkernels.content;"
        "assert not seen.buffer"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

from itertools import permutations

import pytest

from synth.validators.language import foreign, likely_language, main_script

TEXTS = {
    "en": "The river carries more water in spring, when the snow of the mountains melts and it rains in the valley.",
    "de": "Der Fluss führt im Frühling mehr Wasser, wenn der Schnee in den Bergen schmilzt und es auch im Tal nicht "
    "mehr friert.",
    "fr": "Au printemps, la rivière charrie plus d'eau, quand la neige des montagnes fond et que les pluies tombent "
    "dans la vallée.",
    "es": "En primavera el río lleva más agua, cuando se derrite la nieve de las montañas y llueve en los valles.",
    "ru": "Весной река несёт больше воды, когда тает снег в горах и идут дожди в долине.",
    "ja": "春になると山の雪がとけて、川の水がふえる。夏は雨が少ないので、水位は下がる。",
    "ko": "봄이 되면 산의 눈이 녹아 강물이 불어난다. 여름에는 비가 적어 수위가 낮아진다.",
}


@pytest.mark.parametrize(("ours", "theirs"), list(permutations(TEXTS, 2)))
def test_another_language_is_foreign(ours: str, theirs: str) -> None:
    assert foreign(TEXTS[ours], TEXTS[theirs]) == "language"


@pytest.mark.parametrize("language", TEXTS)
def test_the_same_language_is_not(language: str) -> None:
    first, _, second = TEXTS[language].partition(" ")
    assert foreign(TEXTS[language], second or first) is None


def test_text_without_evidence_is_let_through() -> None:
    assert foreign("1911: 4.2", TEXTS["de"]) is None
    assert foreign("Garfield Bridge, Aarhus, Maria Lund, Rhein", TEXTS["de"]) is None


def test_han_and_kana_are_one_script() -> None:
    assert main_script("東京都庁舎建築設計競技応募作品展示会場案内") == main_script(TEXTS["ja"]) == "CJK"


def test_languages_are_known_by_their_commonest_words() -> None:
    assert [likely_language(TEXTS[name]) for name in ("en", "de", "fr", "es")] == ["en", "de", "fr", "es"]

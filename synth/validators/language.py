"""Whether a text is in the language of its seed, by script and by the commonest words of some languages.

No language is named: that takes a classifier. What is found is an answer in another script, or one of the
languages of STOP_WORDS where the seed is in another of them.
"""

import re
import unicodedata
from collections import Counter
from typing import Literal

STOP_WORDS = {
    "en": "the of and to in is that it was for with as on are this be at by from have not which they",
    "de": "der die und das ist nicht den von zu mit sich des auf für dem ein eine auch als es an werden",
    "fr": "le la les et des est que une dans pour qui pas sur au du avec ce sont par plus il elle",
    "es": "el los las que y en un por con una para es se del como más pero sus su lo ha este",
    "it": "il di che è la per un una con non sono del della gli nel anche si da più come alla dei",
    "pt": "o que e do da em um para com não uma os no se na por mais as dos como mas ao",
    "nl": "de het een van en is dat op te zijn met voor niet aan er ook als bij door naar maar",
    "pl": "i w na z do się nie to jest że jak o od po za przez ale są który dla oraz",
}
LEAST_EVIDENCE = 4
ENOUGH_TEXT = 20  # letters

_WORD = re.compile(r"[^\W\d_]+")
_SETS = {language: frozenset(words.split()) for language, words in STOP_WORDS.items()}
_ONE_SCRIPT = {"HIRAGANA": "CJK", "KATAKANA": "CJK"}


def foreign(text: str, seed: str) -> Literal["language"] | None:
    """Whether the text shows another script, or another language, than its seed; None too where neither shows."""
    ours, theirs = main_script(text), main_script(seed)
    if ours and theirs and ours != theirs:
        return "language"
    ours, theirs = likely_language(text), likely_language(seed)
    return "language" if ours and theirs and ours != theirs else None


def main_script(text: str) -> str | None:
    """The script of most letters, as Unicode names them; None with fewer than ENOUGH_TEXT letters."""
    letters = Counter(letter for letter in text if letter.isalpha())
    if letters.total() < ENOUGH_TEXT:
        return None
    scripts: Counter[str] = Counter()
    for letter, count in letters.items():
        script = unicodedata.name(letter, "UNKNOWN").split()[0]
        scripts[_ONE_SCRIPT.get(script, script)] += count
    return scripts.most_common(1)[0][0]


def likely_language(text: str) -> str | None:
    """The language of STOP_WORDS whose words are met LEAST_EVIDENCE times and twice as often as another's."""
    found = Counter(word.lower() for word in _WORD.findall(text))
    hits = sorted(
        ((sum(found[word] for word in words), language) for language, words in _SETS.items()), reverse=True
    )
    (most, language), (second, _) = hits[:2]
    return language if most >= LEAST_EVIDENCE and most >= 2 * second else None

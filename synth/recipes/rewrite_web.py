"""Web rewrites: the passage of a page told again as clean prose, with all its facts.

Phi-4 technical report, section 3.2 ("web rewrites"); the manner is that of WRAP (arXiv:2401.16380, "like
Wikipedia") and Nemotron-CC (arXiv:2412.02595). Up to TRIES answers are drawn until one passes the checks: hotter after a
copy, cooler after any other fault.
"""

from typing import Literal

from schemas.synthesis import Model, RecipeUse
from synth.asking import Answer, Ask, Prompt, Sampling
from synth.recipes import templates
from synth.recipes.provenance import provenance
from synth.recipes.recipe import Draft, Rejected, Seed
from synth.validators.copying import copied
from synth.validators.grounding import ungrounded
from synth.validators.language import foreign
from synth.validators.length import misfit, whole_sentences, word_count
from synth.validators.loops import looping
from synth.validators.talk import out_of_role, without_preface
from synth.validators.web_marks import web_marks

NAME = "rewrite_web"
VERSION = 1
TRIES = 4
STEP = 0.25  # of temperature, between tries
SHORTEST, LONGEST = 0.3, 1.5  # of the passage's words
MOST_COPIED = 0.8  # of its 5-grams


class RewriteWeb:
    bucket: Literal["web_rewrites"] = "web_rewrites"

    def __init__(self, use: RecipeUse, model: Model):
        self._use = use
        self._endpoint = model.endpoint
        self._metadata = provenance(NAME, VERSION, model)

    def fingerprint(self) -> str:
        return templates.fingerprint(NAME, VERSION)

    async def write(self, seed: Seed, ask: Ask) -> Draft | Rejected:
        answers: list[Answer] = []
        fault, temperature = None, self._use.temperature
        for attempt in range(TRIES):
            answers.append(await ask(self._prompt(seed, temperature, attempt)))
            text = whole_sentences(without_preface(answers[-1].text))
            fault = _fault(text, seed.text)
            if fault is None:
                return Draft(text, tuple(a.key for a in answers), self._metadata)
            temperature = max(0.0, temperature + (STEP if fault == "copy" else -STEP / 2))
        return Rejected(fault or "", tuple(a.key for a in answers))

    def _prompt(self, seed: Seed, temperature: float, attempt: int) -> Prompt:
        # A model that loops goes on to the last token: twice the passage's length is enough for the others.
        enough = 64 + len(seed.text.encode()) // 2
        sampling = Sampling(
            max_tokens=min(self._use.max_tokens, enough),
            temperature=temperature,
            top_p=self._use.top_p,
            stop=("\n", "The same facts in") if self._endpoint == "completion" else (),
        )
        return Prompt(templates.content(NAME, self._endpoint, passage=seed.text), sampling, attempt=attempt)


def _fault(text: str, seed: str) -> str | None:
    size = word_count(seed)
    return (
        out_of_role(text)
        or misfit(text, int(SHORTEST * size), int(LONGEST * size))
        or looping(text)
        or foreign(text, seed)
        or web_marks(text)
        or copied(text, seed, MOST_COPIED)
        or ungrounded(text, seed)
    )

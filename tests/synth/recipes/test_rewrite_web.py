import asyncio

import pytest

from schemas.synthesis import Model, RecipeUse
from synth.recipes.recipe import Draft, Rejected, Seed
from synth.recipes.rewrite_web import TRIES, RewriteWeb
from tests.synth.recipes.answering import Says

PASSAGE = (
    "Hi all! The old Garfield Bridge, which was built in 1911, will be closed until spring because the steel has "
    "rusted so badly. The city says that it pays 4.2 million for the repairs. Cars take the ferry in the meantime, "
    "and walkers can use the north side. Click here for more pictures!"
)
COPY = PASSAGE.removesuffix("Click here for more pictures!")
REWRITE = (
    "The Garfield Bridge, built in 1911, is closed because its steel has rusted. According to the city, the repairs "
    "cost 4.2 million and last until spring. Until then a ferry carries cars, while walkers use the north side."
)
SEED = Seed(1, "page", PASSAGE, 0, len(PASSAGE), "en")
USE = RecipeUse(recipe="rewrite_web", model="m", seeds=1, temperature=0.5, max_tokens=400)
CHAT = Model(url="http://localhost/v1", model="teacher")
COMPLETION = Model(gguf="/somewhere/base.gguf", endpoint="completion")


def write(says: Says, model: Model = CHAT) -> Draft | Rejected:
    return asyncio.run(RewriteWeb(USE, model).write(SEED, says))


@pytest.mark.parametrize("model", [CHAT, COMPLETION])
def test_a_rewrite_becomes_a_document(model: Model) -> None:
    draft = write(Says(f" {REWRITE}"), model)
    assert isinstance(draft, Draft)
    assert draft.text == REWRITE
    assert draft.answers == ("key1",)


def test_the_document_says_recipe_version_and_model_and_no_place() -> None:
    draft = write(Says(REWRITE), COMPLETION)
    assert isinstance(draft, Draft)
    assert draft.metadata == {"recipe": "rewrite_web", "recipe_version": "1", "model": "base.gguf"}


def test_a_preface_is_taken_off_and_a_cut_end_too() -> None:
    draft = write(Says(f"Here is the rewritten passage:\n\n{REWRITE} Later, the bri", finish="length"))
    assert isinstance(draft, Draft)
    assert draft.text == REWRITE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "short"),
        ("The bridge is closed.", "short"),
        ((REWRITE + " ") * 4, "long"),
        ("The bridge is closed until spring. " * 8, "loop"),
        (COPY, "copy"),
        (f"{REWRITE} Click here for more pictures!", "web_marks"),
        ("I'm sorry, but I can't help with that.", "refusal"),
        (f"{REWRITE} I hope this helps!", "meta_talk"),
        (REWRITE.replace("1911", "1912"), "new_numbers"),
        (REWRITE.replace("the city", "Mayor Peter Jensen Smith"), "new_names"),
        (
            "Die Garfield-Brücke von 1911 ist bis zum Frühling geschlossen, weil der Stahl so stark gerostet ist. Die "
            "Stadt zahlt für die Reparatur 4.2 Millionen, und die Autos nehmen in der Zeit die Fähre.",
            "language",
        ),
    ],
)
def test_a_bad_rewrite_is_asked_for_again_and_then_rejected_with_its_reason(answer: str, reason: str) -> None:
    says = Says(*[answer] * TRIES)
    rejected = write(says)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == reason
    assert rejected.answers == ("key1", "key2", "key3", "key4")
    assert [prompt.attempt for prompt in says.prompts] == [0, 1, 2, 3]


def test_the_first_good_answer_is_taken_and_all_answers_are_named() -> None:
    draft = write(Says(COPY, REWRITE))
    assert isinstance(draft, Draft)
    assert draft.answers == ("key1", "key2")


def test_a_copy_is_asked_for_again_hotter_and_a_loop_cooler() -> None:
    says = Says(COPY, "The bridge is closed until spring. " * 8, COPY, COPY)
    write(says)
    assert [round(prompt.sampling.temperature, 2) for prompt in says.prompts] == [0.5, 0.75, 0.62, 0.88]


def test_a_base_model_is_shown_examples_and_a_chat_model_is_told() -> None:
    shown, told = Says(REWRITE), Says(REWRITE)
    write(shown, COMPLETION)
    write(told, CHAT)
    assert isinstance(shown.prompts[0].content, str)
    assert shown.prompts[0].sampling.stop
    assert isinstance(told.prompts[0].content, tuple)
    assert told.prompts[0].sampling.stop == ()


def test_no_more_tokens_are_asked_for_than_the_configuration_allows() -> None:
    says = Says(REWRITE)
    asyncio.run(RewriteWeb(USE.model_copy(update={"max_tokens": 50}), CHAT).write(SEED, says))
    assert says.prompts[0].sampling.max_tokens == 50

import asyncio
import json
from typing import Any

import pytest

from schemas.synthesis import Model, RecipeUse
from synth.asking import AskError
from synth.recipes.exercise import SCHEMA, TRIES, Exercise
from synth.recipes.recipe import Draft, Rejected, Seed
from tests.synth.recipes.answering import Says

PASSAGE = (
    "The Garfield Bridge, built in 1911, is closed until spring because its steel has rusted. A ferry carries cars in "
    "the meantime. People on foot can still cross the river slowly on the north side, where the steel is sound."
)
SEED = Seed(1, "page", PASSAGE, 0, len(PASSAGE), "en")
USE = RecipeUse(recipe="exercise", model="m", seeds=1, temperature=0.5)
CHAT = Model(url="http://localhost/v1", model="teacher")
COMPLETION = Model(gguf="base-model-gguf", endpoint="completion")
FIELDS = {
    "": "How can people on foot get across while the Garfield Bridge is closed?",
    "Reasoning:": "The steel is sound on the north side. The passage says that people can still cross there.",
    "Answer:": "They cross the bridge on the north side.",
}
TOLD: dict[str, Any] = {
    "question": "A bridge rusts through and cars must take a ferry that carries 6 of them at a time. How many trips "
    "do 18 cars need?",
    "self_contained": True,
    "steps": ["Each trip takes 6 cars.", "18 / 6 = 3."],
    "answer": "3 trips",
}


def shown(**changes: str) -> str:
    fields = FIELDS | {f"{name}:": value for name, value in changes.items() if name != "Question"}
    fields[""] = changes.get("Question", fields[""])
    return "\n".join(f"{name} {value}" for name, value in fields.items())


def told(**changes: Any) -> str:
    return json.dumps(TOLD | changes)


def write(says: Says, model: Model) -> Draft | Rejected:
    return asyncio.run(Exercise(USE, model).write(SEED, says))


def test_a_base_model_s_exercise_is_laid_out_below_its_passage() -> None:
    draft = write(Says(shown()), COMPLETION)
    assert isinstance(draft, Draft)
    assert draft.text == (
        f"{PASSAGE}\n\nQuestion: {FIELDS['']}\n\nSolution: {FIELDS['Reasoning:']}\n\n"
        f"Answer: {FIELDS['Answer:']}"
    )
    assert draft.metadata == {"recipe": "exercise", "recipe_version": "1", "model": "base-model-gguf"}


def test_an_exercise_that_stands_alone_does_without_the_passage() -> None:
    draft = write(Says(told()), CHAT)
    assert isinstance(draft, Draft)
    assert draft.text == (
        f"Question: {TOLD['question']}\n\nSolution: 1. Each trip takes 6 cars.\n2. 18 / 6 = 3.\n\nAnswer: 3 trips"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"self_contained": False},
        {"question": "According to the passage, how do cars cross the river?", "answer": "By ferry."},
        {"question": "Why does the author speak of a ferry at all?", "answer": "The bridge is closed."},
    ],
)
def test_an_exercise_that_means_its_passage_comes_with_it(changes: dict[str, Any]) -> None:
    draft = write(Says(told(**changes)), CHAT)
    assert isinstance(draft, Draft)
    assert draft.text.startswith(PASSAGE)


def test_a_chat_model_is_given_the_schema() -> None:
    says = Says(told())
    write(says, CHAT)
    assert says.prompts[0].schema == SCHEMA
    assert isinstance(says.prompts[0].content, tuple)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "no_exercise"),
        ("How do cars cross?\nAnswer: By ferry.", "no_exercise"),
        (shown() + "\nQuestion: And now?", "no_exercise"),
        (
            shown(Question="When was it opened at all?", Answer="Nobody knows anything about that."),
            "beside_the_fact",
        ),
        (shown(Answer="The river has 3 sides where people cross steel."), "new_numbers"),
        (shown(Question="Garfield Bridge is closed until spring."), "no_question"),
        (shown(Question="Which of the following cross the river?"), "no_options"),
        (shown(Answer="Can people cross the river where the steel is closed?"), "answer_is_question"),
        (shown(Reasoning="They cross the bridge on the north side."), "no_solution"),
        (shown(Reasoning="The steel carries people and " * 6 + "steel."), "loop"),
    ],
)
def test_a_bad_exercise_is_asked_for_again_and_then_rejected_with_its_reason(
    answer: str, reason: str
) -> None:
    says = Says(*[answer] * TRIES)
    rejected = write(says, COMPLETION)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == reason
    assert [prompt.attempt for prompt in says.prompts] == [0, 1, 2, 3]
    assert len(rejected.answers) == TRIES


def test_a_cut_exercise_is_no_exercise() -> None:
    rejected = write(Says(*[shown()] * TRIES, finish="length"), COMPLETION)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "cut"


def test_each_try_is_about_another_sentence_of_the_passage() -> None:
    says = Says(*["nonsense"] * TRIES)
    write(says, COMPLETION)
    facts = [str(prompt.content).rsplit("Fact: ", 1)[1].split("\n")[0] for prompt in says.prompts]
    assert len(set(facts)) == 3
    assert all(fact in PASSAGE for fact in facts)


def test_a_passage_without_a_sentence_to_ask_about_is_rejected_unasked() -> None:
    says = Says()
    text = "a, b; c " * 60
    outcome = asyncio.run(Exercise(USE, COMPLETION).write(Seed(1, "list", text, 0, len(text)), says))
    assert outcome == Rejected("no_fact", ())


def test_a_later_try_is_taken() -> None:
    draft = write(Says("nonsense", shown()), COMPLETION)
    assert isinstance(draft, Draft)
    assert draft.answers == ("key1", "key2")


def test_no_question_is_asked_twice_under_one_attempt() -> None:
    says = Says("no json", *[told(answer="Why?")] * 4)
    rejected = write(says, CHAT)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "answer_is_question"
    assert [prompt.attempt for prompt in says.prompts] == [0, 1, 2, 4, 6]


def test_json_that_cannot_be_read_is_the_asker_s_error() -> None:
    with pytest.raises(AskError, match="not JSON"):
        write(Says("no json", "none either"), CHAT)

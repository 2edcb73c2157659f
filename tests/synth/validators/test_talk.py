import pytest

from synth.validators.talk import out_of_role, without_preface

PROSE = "The Rhine rises in Switzerland and reaches the sea in the Netherlands."


@pytest.mark.parametrize(
    "answer",
    [
        PROSE,
        f"Sure, here is the rewritten passage:\n\n{PROSE}",
        f"Certainly! Below is a clean version of the text.\n{PROSE}",
        f"Here's the passage, rewritten as clean prose:\n{PROSE}",
        f"**Rewritten passage:**\n\n{PROSE}",
        f"Rewritten text: {PROSE}",
        f"Rewrite:\n{PROSE}",
        f"```text\n{PROSE}\n```",
        f'"{PROSE}"',
        f"\n\n  {PROSE}\n",
    ],
)
def test_a_preface_is_taken_off(answer: str) -> None:
    assert without_preface(answer) == PROSE


@pytest.mark.parametrize(
    "text",
    [
        '"Yes," he said, and she answered "No."',
        "Here is where the river ends. It has three mouths.",
        "Sure signs of spring are the swallows, which return in April.",
        "Okay Lake lies in the north.",
        "Yes was founded in 1968 in London.",
    ],
)
def test_text_that_only_begins_like_a_preface_is_left_alone(text: str) -> None:
    assert without_preface(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot assist with rewriting this passage.",
        "I apologize, but I am unable to complete this request.",
        "Unfortunately, I cannot provide a summary of this article.",
        "I’m not able to rewrite copyrighted text.",
    ],
)
def test_a_refusal_is_found(text: str) -> None:
    assert out_of_role(text) == "refusal"


@pytest.mark.parametrize(
    "text",
    [
        f"{PROSE} As an AI language model, I have no opinion on rivers.",
        f"{PROSE}\n\nLet me know if you would like any changes!",
        f"{PROSE} I hope this helps.",
        "The passage is about rivers. The rewritten passage keeps all facts.",
        "In the given text, the author speaks of rivers.",
        f"{PROSE}<|im_end|>",
        f"{PROSE}<end_of_turn>",
    ],
)
def test_talk_of_the_task_is_found(text: str) -> None:
    assert out_of_role(text) == "meta_talk"


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        "The minister said that he was sorry, but the bridge would stay closed.",
        'Chapter 3. "I cannot swim," said Anna, and the boat went on without her.',
        "Companies that use a large language model must say so.",
        "The text of the treaty was lost in 1871.",
    ],
)
def test_prose_is_let_through(text: str) -> None:
    assert out_of_role(text) is None

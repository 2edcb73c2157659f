"""Talk of the model about itself and its task, which belongs into a conversation and not into a document."""

import re
from typing import Literal

_PREFACE = re.compile(
    r"\s*(?:"
    r"(?:sure|certainly|of course|absolutely|okay|ok|great|yes)\b[^\n]{0,120}?[:!.]\s*\n"
    r"|(?:here(?:'s|’s| is| are)|below is|the following is)\b[^\n]{0,120}:\s*"
    r"|\W{0,4}(?:re-?written|revised|rephrased|paraphrased|final|clean(?:ed)?)(?: (?:passage|text|version|article|up))*"
    r"\W{0,3}:[*_]*\s*"
    r"|\W{0,4}rewrite\W{0,3}:[*_]*\s*"
    r")",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\s*```\w*\n(.*?)\n?```\s*", re.DOTALL)
_REFUSAL = re.compile(
    r"\b(?:I(?:'m| am|’m) (?:sorry|unable|not able)|I (?:cannot|can't|can’t|won't|will not)"
    r"|I apologi[sz]e|unfortunately, I)\b"
    r"[^.\n]{0,80}\b(?:help|assist|provide|fulfil|comply|complete|rewrite|create|generate|process|answer|do that"
    r"|that|request)\b",
    re.IGNORECASE,
)
_META = re.compile(
    r"\bas an? (?:AI|artificial intelligence|(?:large )?language model)\b"
    r"|\bI(?:'m| am|’m) an? (?:AI|(?:large )?language model|virtual assistant)\b"
    r"|\bmy (?:training data|knowledge cutoff)\b"
    r"|\b(?:let me know if|I hope (?:this|that) (?:helps|meets)|feel free to ask|would you like me to)\b"
    r"|\b(?:the|this) (?:rewritten|rephrased|original|given|provided|source) (?:passage|text|web ?page)\b"
    r"|<\|[^|>\n]{1,40}\|>|<(?:start|end)_of_turn>|\[/?INST\]",
    re.IGNORECASE,
)
_OPENING = 300


def without_preface(text: str) -> str:
    """The text without a code fence around it, the line that announces it, or the quotes that hold all of it."""
    if fenced := _FENCE.fullmatch(text):
        text = fenced[1]
    if preface := _PREFACE.match(text):
        text = text[preface.end() :]
    text = text.strip()
    if len(text) > 1 and (text[0], text[-1]) in (('"', '"'), ("“", "”")) and text.count(text[0]) <= 2:
        inner = text[1:-1]
        if '"' not in inner and "“" not in inner:
            text = inner.strip()
    return text


def out_of_role(text: str) -> Literal["refusal", "meta_talk"] | None:
    """Whether the model declines (looked for where answers open), or speaks of itself or the task (anywhere)."""
    if _REFUSAL.search(text, 0, _OPENING):
        return "refusal"
    return "meta_talk" if _META.search(text) else None

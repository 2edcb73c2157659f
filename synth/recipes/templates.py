"""The prompts beside the recipes: jinja2 files that passages are laid into as data."""

import hashlib
import re
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from synth.asking import Message

_FOLDER = Path(__file__).parent
_ENVIRONMENT = Environment(loader=FileSystemLoader(_FOLDER), undefined=StrictUndefined, autoescape=False)
# Servers read the spelling of a control token as the token, wherever in a prompt it stands.
_CONTROL_TOKEN = re.compile(
    r"<(?=\|[^<>|\s]{1,40}\|>|｜|/?s>|(?:bos|eos|pad|unk|mask|unused\d+|think|/think|(?:start|end)_of_[a-z]+)>)"
    r"|\[(?=/?INST\]|/?SYS)|<(?=/?passage\b)|<(?=<SYS>>|</SYS>>)",
    re.IGNORECASE,
)


def content(
    template: str, endpoint: Literal["chat", "completion"], **quotations: str
) -> tuple[Message, ...] | str:
    """What to send: `template.chat.j2` as a message of the user, or the few-shot text `template.completion.j2`.

    Quotations, `passage` among them, are data: one is not rendered, it can't close the `<passage>` tag it stands in, and the spellings of
    control tokens in it are broken. In a few-shot text, where fields are lines, it is one line.
    """
    quoted = {
        name: _CONTROL_TOKEN.sub(lambda match: match[0] + " ", text) for name, text in quotations.items()
    }
    if endpoint == "completion":
        quoted = {name: " ".join(text.split()) for name, text in quoted.items()}
    text = _ENVIRONMENT.get_template(f"{template}.{endpoint}.j2").render(quoted).strip()
    return text if endpoint == "completion" else (Message("user", text),)


def fingerprint(template: str, version: int) -> str:
    """16 hex digits over the version of a recipe and the sources of its templates."""
    digest = hashlib.blake2b(f"{template} {version}".encode(), digest_size=8)
    for endpoint in ("chat", "completion"):
        digest.update(b"\0" + (_FOLDER / f"{template}.{endpoint}.j2").read_bytes())
    return digest.hexdigest()

"""A model that can be relied on: an OpenAI-compatible server that writes exercises and rewrites by rule.

What it says of a passage depends on the passage alone, so that a test knows what will be kept.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PASSAGE = re.compile(r"<passage>\s*(.*?)\s*</passage>", re.DOTALL)


def exercise(passage: str) -> str:
    first = re.split(r"(?<=\.)\s", passage)[0]
    return json.dumps(
        {
            "question": f"With which words about {first.split()[0]} does the passage open?",
            "self_contained": False,
            "steps": ["Look at the first sentence of the passage.", f"It says: {first}"],
            "answer": first,
        }
    )


def rewrite(passage: str) -> str:
    """The sentences from last to first, each opened anew every three words."""
    told = []
    for sentence in reversed(re.findall(r"[^.]+\.", passage)):
        words = sentence.strip(" .\n").split()
        told.append(", and ".join(" ".join(words[k : k + 3]) for k in range(0, len(words), 3)) + ".")
    return " ".join(told)


class Writer:
    """says: overrides what is written of a passage, where it gives a text. asked: passages in order of arrival."""

    def __init__(self):
        self.asked: list[str] = []
        self.says = lambda passage: None
        self.keys: set[str | None] = set()

    def answer(self, body: dict) -> str:
        prompt = "\n".join(message["content"] for message in body["messages"])
        passage = PASSAGE.findall(prompt)[-1]
        self.asked.append(passage)
        said = self.says(passage)
        return said if said is not None else (exercise if "response_format" in body else rewrite)(passage)


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a client that was killed


@contextmanager
def writing() -> Iterator[tuple[str, Writer]]:
    """The server's base URL, and what it does."""
    writer = Writer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            writer.keys.add(self.headers.get("Authorization"))
            text = writer.answer(body)
            usage = {"prompt_tokens": 100, "completion_tokens": len(text.split())}
            message = {"role": "assistant", "content": text}
            reply = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
            said = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", writer
    finally:
        server.shutdown()
        server.server_close()

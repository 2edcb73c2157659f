"""Web archives made for tests: records of WARC as bytes."""

PAGE = "text/html; charset=utf-8"


def paragraphs(words: str) -> bytes:
    """A page whose main content is these words."""
    return f"<html><head><title>t</title></head><body><main><p>{words}</p></main></body></html>".encode()


def http(body: bytes, content_type: str = PAGE, status: str = "200 OK", *header: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", *header]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def warc(
    record_id: str,
    block: bytes,
    kind: str = "response",
    length: int | str | None = None,
    content_type: str = "application/http; msgtype=response",
) -> bytes:
    """One record; `length` is what its header says, by default the truth."""
    head = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:{record_id}>",
        f"WARC-Target-URI: https://example.org/{record_id}",
        "WARC-Date: 2024-02-29T12:00:00Z",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(block) if length is None else length}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def page(record_id: str, words: str = "Some words of a page that is whole.") -> bytes:
    """A record that becomes a document."""
    return warc(record_id, http(paragraphs(words)))

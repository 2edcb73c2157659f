"""How to ask a run more than its report says: lines for a shell."""

import shlex

from .report_inputs import without_logins


def further_questions(run: str, reason: str | None) -> list[tuple[str, str]]:
    """What each line answers, and the line. reason: a drop reason of the run to ask about, None where none is met."""
    folder = shlex.quote(without_logins(run))
    where = "NOT keep" if reason is None else f"drop_reason = '{reason.replace(chr(39), chr(39) * 2)}'"
    queries = [
        (
            "Documents and tokens by source and fate",
            "SELECT source, coalesce(drop_reason, 'kept') AS fate, count(*) AS documents, sum(n_tokens) AS tokens "
            "FROM selection GROUP BY ALL ORDER BY ALL",
        ),
        (
            "Dropped documents to read, another handful than here",
            f"SELECT doc, id, left(text, 300) AS text FROM selection JOIN documents USING (doc, id) WHERE {where} "
            "ORDER BY hash(doc, 1) LIMIT 10",
        ),
        (
            "What a threshold would cost before it is moved",
            "SELECT count(*) AS documents, sum(n_tokens) AS tokens FROM selection WHERE keep AND n_tokens < 100",
        ),
    ]
    lines = [(title, f"syllabus inspect {folder} --sql {shlex.quote(query)}") for title, query in queries]
    return [
        *lines,
        ("One document, from its raw file to its place in the shards", f"syllabus explain {folder} ID"),
    ]

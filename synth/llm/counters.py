"""What one lane has asked of one model."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Counters:
    """requests: tries, also those that reached nobody. Each ended as an answer, a retry or a failure.

    failures: requests that ended without an answer, by reason; those for want of `budget` were not sent.
    money: in units of 10⁻¹² of the currency; what lost tries may have cost is in it at the worst case.
    from_store: requests that were answered, or had failed for good, in an earlier start of the run.
    shared: requests that were in flight already, and asked once.
    """

    requests: int = 0
    answers: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: int = 0
    from_store: int = 0
    shared: int = 0

"""What requests cost."""

from typing import NamedTuple

from schemas.synthesis import Price

PICO = 10**12


class Charge(NamedTuple):
    """tokens: completion tokens. money: in units of 10⁻¹² of the currency, so that sums are exact."""

    tokens: int
    money: int

    def plus(self, other: "Charge") -> "Charge":
        return Charge(self.tokens + other.tokens, self.money + other.money)

    def minus(self, other: "Charge") -> "Charge":
        return Charge(self.tokens - other.tokens, self.money - other.money)


NOTHING = Charge(0, 0)


class Tariff:
    """Charges of one model, from its prices for a million tokens; a model without a price is free."""

    def __init__(self, price: Price | None):
        self._input = 0 if price is None else round(price.input * PICO / 1_000_000)
        self._output = 0 if price is None else round(price.output * PICO / 1_000_000)

    def of(self, prompt_tokens: int, completion_tokens: int) -> Charge:
        return Charge(completion_tokens, prompt_tokens * self._input + completion_tokens * self._output)

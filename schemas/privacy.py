"""The section `privacy` of the configuration: what becomes of personal data and secrets in text."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from schemas.section import Section

Action = Literal["mask", "cut", "off"]

STAND_INS: dict[str, tuple[str, ...]] = {
    "email": ("email@example.com", "firstname.lastname@example.org"),
    "ipv4": ("192.0.2.1", "198.51.100.1", "203.0.113.1"),
    "ipv6": ("2001:db8::1",),
    "phone": ("+1 202-555-0100",),
    "card": ("4242424242424242",),
    "iban": ("GB82WEST12345698765432",),
    "key": ("<KEY>",),
    "private_key": ("<PRIVATE_KEY>",),
}
"""What each kind is masked by: text of its form that is nobody's. The e-mail addresses are FineWeb's. The
IP addresses are those that RFC 5737 and RFC 3849 keep for documentation: FineWeb's belong to somebody.
555-0100 is kept for fiction, the card is one for tests and the account that of the standard's example."""


def _spelled_out(value: Any) -> Any:
    """`phone: mask` for `phone: {action: mask}`; YAML reads `off` as false."""
    if value is False:
        value = "off"
    return {"action": value} if isinstance(value, str) else value


def _action(value: Any) -> Any:
    return "off" if value is False else value


class Treatment(Section):
    """What becomes of one kind. `phone: cut` is short for `phone: {action: cut}`."""

    action: Annotated[Action, BeforeValidator(_action)] = Field(
        "mask", description="`mask`: replace; `cut`: take out; `off`: leave as it is."
    )
    replacements: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="What it is masked by, in turn within a document; by default the kind's own.",
    )


Treated = Annotated[Treatment, BeforeValidator(_spelled_out)]
_OFF = Treatment(action="off")


class Privacy(Section):
    """Personal data and secrets that training does not see. Documents are stored unedited.

    What is nobody's knowledge is masked by default: e-mail and public IP addresses, as FineWeb does;
    card numbers and bank accounts, which their check digits tell from other numbers; and secrets,
    which a model would give away word for word. Telephone numbers are left: most on the web are
    those of offices and shops, and without a plus they are told by their form alone.
    """

    email: Treated = Field(Treatment(), description="E-mail addresses.")
    ipv4: Treated = Field(Treatment(), description="Public IPv4 addresses.")
    ipv6: Treated = Field(Treatment(), description="Public IPv6 addresses.")
    phone: Treated = Field(_OFF, description="Telephone numbers.")
    card: Treated = Field(Treatment(), description="Numbers of payment cards.")
    iban: Treated = Field(Treatment(), description="International bank account numbers.")
    key: Treated = Field(Treatment(), description="API keys, tokens and passwords.")
    private_key: Treated = Field(Treatment(), description="Blocks of private keys.")

    def treated(self) -> dict[str, tuple[Action, tuple[str, ...]]]:
        """Action and replacements of each kind that is not off; a cut has no replacements."""
        found = {}
        for kind, own in STAND_INS.items():
            treatment: Treatment = getattr(self, kind)
            if treatment.action == "mask":
                found[kind] = ("mask", treatment.replacements or own)
            elif treatment.action == "cut":
                found[kind] = ("cut", ())
        return found

"""What ends a run that asks models. Answers that arrived are stored; the same run goes on from them."""


class Stop(Exception):
    """No further request makes sense."""


class Refused(Stop):
    """The server answers, but takes none of our requests: key, model, address or quota are wrong."""


class ServerDown(Stop):
    """The server can't be reached, or has given no good answer for long."""


class StoreBroken(Stop):
    """The answer store can't be written, so no answer could be used."""

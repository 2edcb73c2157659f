"""Errors that speak to the user: one line that says why, where, and how to go on."""


class RunError(Exception):
    """The run can't go on; what was committed stays. Exit code 1."""


class UsageError(Exception):
    """Arguments or config that can't be used. Exit code 2."""

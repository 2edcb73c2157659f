"""Errors of models and labels; each message names the file, and the line where there is one."""


class ModelError(ValueError):
    """A model can't be used."""


class LabelsError(ValueError):
    """Labels can't be trained on."""

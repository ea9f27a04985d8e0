"""Errors in a user's request, shared by runner and analysis: one line, exit code 2."""


class BadInput(Exception):
    """Raised when a request cannot be carried out as it stands.

    The message is one line: the value, where it was found, the remedy, the known alternatives.
    The command line prints it and exits with code 2.
    """


class UnknownChoice(BadInput):
    """Raised when a key or the name of a choice is unknown."""


class BadValue(BadInput):
    """Raised when a value cannot be read: a unit, a count, a share or a size."""


class ResultsMissing(BadInput):
    """Raised when there is no results folder at the given path."""

"""Arguments of the subcommands: a mistake is one line."""

import argparse
from typing import NoReturn

from breakeven.base.errors import BadInput


class BadArguments(BadInput):
    """Raised when the arguments of a subcommand cannot be parsed."""


class Parser(argparse.ArgumentParser):
    """A parser that raises BadArguments instead of printing its usage and exiting."""

    def error(self, message: str) -> NoReturn:
        """Raise BadArguments with ``message`` and where to read more."""
        raise BadArguments(f"{message}; see {self.prog} --help")

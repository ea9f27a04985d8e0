"""The command line: ``breakeven``, or ``python -m runner`` in the source tree."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import hydra
from rich.console import Console

from breakeven.base.errors import BadInput
from breakeven.base.version import project_version
from breakeven.runner.hydra_app.compose import HYDRA_BASE, conf_folder
from breakeven.runner.hydra_app.messages import HYDRA_ERRORS, check_options, explain
from breakeven.runner.hydra_app.task import Application, RunFailed
from breakeven.runner.sweep.session import ALL_DONE, BAD_INPUT, SOME_FAILED
from breakeven.runner.sweep.signals import (
    EXIT_INTERRUPTED,
    ending_in_order,
    find_temporary_folder,
    ignore_signals,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what ``arguments`` ask and give the exit code; without any, those of the process."""
    typed = sys.argv[1:] if arguments is None else list(arguments)
    if "--version" in typed:
        sys.stdout.write(f"breakeven {project_version()}\n")
        return ALL_DONE
    application = Application(command=(*_program(), *typed), sum_up=print_summary)
    try:
        check_options(typed)
        compose_and_run(application, typed)
        if application.to_sum_up is not None:
            print_summary(application.to_sum_up)
    except BadInput as refusal:
        sys.stderr.write(f"{refusal}\n")
        return BAD_INPUT
    except RunFailed:  # its reason was shown by the process that made the run
        return SOME_FAILED
    except KeyboardInterrupt:
        if application.code != EXIT_INTERRUPTED:  # else the sweep has said so, and how to carry on
            sys.stderr.write("interrupted before anything was measured\n")
        return EXIT_INTERRUPTED
    return application.code


def print_summary(sweep: Path) -> None:
    """Print what a sweep found; only here is anything of the analysis loaded."""
    summary = import_module("breakeven.analysis.summary")
    summary.render(summary.summarise(import_module("breakeven.analysis.load").load(sweep)), Console())


def program() -> NoReturn:
    """Be the program: heed signals from here to the end of the process, and exit with the code of what was asked."""
    try:
        with ending_in_order():
            find_temporary_folder()
            code = main()
            ignore_signals()
    except KeyboardInterrupt:  # when all was done
        code = EXIT_INTERRUPTED
    ignore_signals()
    sys.exit(code)


def compose_and_run(application: Application, arguments: Sequence[str]) -> None:
    """Let Hydra compose what ``arguments`` ask and call ``application`` with it; raises BadInput."""
    with _hydra_called_with(arguments):
        try:
            hydra.main(config_path=str(conf_folder()), config_name="config", **HYDRA_BASE)(application)()
        except HYDRA_ERRORS as error:
            raise explain(error) from error
    if application.refused is not None:
        raise application.refused


def _program() -> tuple[str, ...]:
    """Give what to type to start this program again."""
    as_module = Path(sys.argv[0]).parts[-2:] == ("runner", "__main__.py")
    return ("python", "-m", "runner") if as_module else ("breakeven",)


@contextmanager
def _hydra_called_with(arguments: Sequence[str]) -> Iterator[None]:
    """Give Hydra its arguments, and let it raise errors instead of printing them and exiting."""
    before = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = [sys.argv[0], *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = before[0]
        if before[1] is None:
            os.environ.pop("HYDRA_FULL_ERROR", None)
        else:
            os.environ["HYDRA_FULL_ERROR"] = before[1]


if __name__ == "__main__":
    program()

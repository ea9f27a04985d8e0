"""The command ``breakeven run``: hands the arguments to Hydra, which calls the sweep."""

from __future__ import annotations

import os
import re
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from textwrap import fill

import hydra
from hydra.core.override_parser.overrides_parser import OverridesParser

from breakeven.base.errors import BadInput
from breakeven.base.exit_codes import ALL_DONE, BAD_INPUT, EXIT_INTERRUPTED, SOME_FAILED
from breakeven.base.loading import load
from breakeven.base.output import write
from breakeven.base.program import program
from breakeven.base.text import printable
from breakeven.base.version import project_version
from breakeven.runner.config.files import conf_folder
from breakeven.runner.hydra_app.choices import refuse_choices, refuse_repeated
from breakeven.runner.hydra_app.compose import HYDRA_BASE
from breakeven.runner.hydra_app.messages import (
    HYDRA_ERRORS,
    explain,
    is_about_several_values,
    raised_by_hydra,
)
from breakeven.runner.hydra_app.options import kept_options, overrides_first, read_options
from breakeven.runner.hydra_app.search_path import searched
from breakeven.runner.hydra_app.task import Application, RunFailed
from breakeven.runner.hydra_app.texts import for_hydra
from breakeven.runner.sweep.signals import ending_in_order, ignore_signals, raise_if_interrupted
from breakeven.runner.sweep.temporary import find_temporary_folder

SUMMARY = "breakeven.analysis.summary.screen:sum_up"
"""Loaded when a sweep has ended: nothing before that needs the analysis."""
_HELP_WIDTH = 120
_NO_PART = "--package {}: the configuration has no such part; write one of its keys, such as limits"


def main(arguments: Sequence[str], typed: Sequence[str] = ()) -> int:
    """Run the command and return its exit code; signals are handled from here to the end of the process.

    ``typed`` are the words that start it again if they are others than those of ``breakeven run``.
    """
    try:
        with ending_in_order():
            find_temporary_folder()
            code = run(arguments, typed)
            ignore_signals()
    except KeyboardInterrupt:  # after everything was done
        code = EXIT_INTERRUPTED
    ignore_signals()
    return code


def run(arguments: Sequence[str], typed: Sequence[str] = ()) -> int:
    """Run the command and return its exit code, with signals left to the caller."""
    if "--version" in arguments:
        write(f"breakeven {project_version()}\n")
        return ALL_DONE
    application = Application(command=typed or (*program(), "run", *arguments), sum_up=sum_up)
    try:
        _compose_and_run(application, arguments)
    except BadInput as refusal:
        application.report()  # on calls before the refused one
        sys.stderr.write(f"{printable(str(refusal), lines=True)}\n")
        return BAD_INPUT
    except RunFailed:  # the process that made the run has shown why
        return SOME_FAILED
    except KeyboardInterrupt:
        if application.outcome is None:
            sys.stderr.write("interrupted before anything was measured\n")
            return EXIT_INTERRUPTED
        application.interrupted()
    return application.report()


def _compose_and_run(application: Application, arguments: Sequence[str]) -> None:
    try:
        compose_and_run(application, arguments)
    except BadInput:
        raise_if_interrupted()
        raise


def sum_up(sweep: Path, silent: bool) -> None:
    """Leave the verdicts of a sweep in its folder, and print its summary unless ``silent``."""
    load(SUMMARY)(sweep, silent=silent)


def compose_and_run(application: Application, arguments: Sequence[str]) -> None:
    """Let Hydra compose the configuration and call ``application`` with it; raise BadInput."""
    options = read_options(arguments)
    application.options = kept_options(options)
    if options.shell_completion and "COMP_LINE" in os.environ:  # Hydra does not know subcommands
        os.environ["COMP_LINE"] = re.sub(r"^(\s*\S+)\s+run\b", r"\1", os.environ["COMP_LINE"])
    help_wrapped = (
        _wrapped() if options.help else redirect_stderr(StringIO()) if options.package else nullcontext()
    )
    refuse_repeated(options.overrides)
    refuse_choices(options.overrides)
    typed = overrides_first(arguments, options.overrides)
    with searched(options.config_dir), help_wrapped:
        try:
            _call_hydra(application, [*map(for_hydra, typed)])
        except HYDRA_ERRORS as error:
            raise (_cause(error, options) or explain(error)) from error
        except SystemExit as end:
            if options.package is not None and end.code == 1:
                raise BadInput(_NO_PART.format(options.package)) from end
            raise
        except (BadInput, RunFailed):
            raise
        except Exception as error:  # Hydra raises what comes, such as ValueError, for a configuration that it does not expect
            if application.called or not raised_by_hydra(error):
                raise
            raise explain(error) from error
    if application.refused is not None:
        raise application.refused


def _call_hydra(application: Application, arguments: Sequence[str]) -> None:
    with _hydra_called_with(arguments):
        hydra.main(config_path=str(conf_folder()), config_name="config", **HYDRA_BASE)(application)()


def _cause(error: Exception, options: Namespace) -> BadInput | None:
    """Return why Hydra could not find out that the command is a sweep; None if that is not what went wrong."""
    if options.cfg or not is_about_several_values(error):
        return None
    parsed = OverridesParser.create().parse_overrides([*map(for_hydra, options.overrides)])
    single = [str(one.input_line) for one in parsed if not one.is_sweep_override()]
    name = () if options.config_name is None else ("--config-name", options.config_name)
    try:
        with redirect_stdout(StringIO()):
            _call_hydra(Application(), [*single, *name, "--cfg", "job"])
    except HYDRA_ERRORS as first:
        return explain(first)
    return None


@contextmanager
def _wrapped() -> Iterator[None]:
    """Break the lines of choices that Hydra prints, a line for each group however many there are."""
    try:
        with redirect_stdout(StringIO()) as printed:
            yield
    finally:  # Hydra exits
        for line in printed.getvalue().splitlines():
            choices = re.match(r"\w+: \w+,", line) is not None
            whole = (
                fill(line, _HELP_WIDTH, subsequent_indent="  ", break_on_hyphens=False) if choices else line
            )
            write(f"{whole}\n")


@contextmanager
def _hydra_called_with(arguments: Sequence[str]) -> Iterator[None]:
    """Pass Hydra its arguments, and make it raise errors instead of printing them and exiting."""
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

"""Read Hydra's options among the arguments, and refuse what would have no effect or do harm."""

from __future__ import annotations

import re
from argparse import ArgumentError, ArgumentParser, Namespace
from collections.abc import Sequence

from hydra._internal.utils import get_args_parser  # Hydra's options are described nowhere else

from breakeven.base.errors import BadInput
from breakeven.base.suggestions import did_you_mean
from breakeven.runner.config.cell import KNOBS

_COMPLETION = ("install", "uninstall", "query")


def read_options(arguments: Sequence[str]) -> Namespace:
    """Return Hydra's options and overrides; raise BadInput for an argument that is neither an option nor KEY=VALUE.

    They may stand in any order, such as ``rounds=1 -m workers=1,2``.
    """
    parser = get_args_parser()
    parser.exit_on_error = False
    try:
        known, unknown = parser.parse_known_intermixed_args(list(arguments))
    except ArgumentError as error:
        raise BadInput(f"{error}; --help shows the options") from error
    if unknown:
        raise BadInput(_unknown(unknown[0], parser))
    _refuse_without_effect(known)
    if known.run + known.multirun + bool(known.cfg) + bool(known.info) + known.shell_completion > 1:
        raise BadInput(
            "--run, --multirun, --cfg, --info and --shell-completion exclude each other; choose one"
        )
    return known


def overrides_first(arguments: Sequence[str], overrides: Sequence[str]) -> list[str]:
    """Return ``arguments`` with those that are ``overrides`` in front, as Hydra reads them; it stops at an option."""
    waiting = list(overrides)
    options: list[str] = []
    for argument in arguments:
        if waiting and argument == waiting[0]:
            waiting.pop(0)
        else:
            options.append(argument)
    return [*overrides, *options]


def kept_options(known: Namespace) -> tuple[str, ...]:
    """Return the words by which another command finds the same configuration.

    They are folder, file, and what was typed of Hydra's.
    """
    folder = () if known.config_dir is None else ("--config-dir", known.config_dir)
    name = () if known.config_name is None else ("--config-name", known.config_name)
    multirun = ("-m",) if known.multirun and name else ()
    hydras = (text for text in known.overrides if re.match(r"[+~]*hydra[./]", text))
    return (*multirun, *folder, *name, *hydras)


def _unknown(argument: str, parser: ArgumentParser) -> str:
    knob = argument.lstrip("-").partition("=")[0].replace("-", "_") or "workers"
    value = argument.partition("=")[2] or ("VALUE" if argument.lstrip("-") else "2")
    likely = "" if knob in KNOBS[""] else did_you_mean(argument, _names(parser))
    return f"{argument}: no such option{likely}; a knob is written without dashes, as {knob}={value}; --help shows all"


def _names(parser: ArgumentParser) -> list[str]:
    return [name for action in parser._actions for name in action.option_strings]  # noqa: SLF001  # listed nowhere else


def _refuse_without_effect(known: Namespace) -> None:
    """Raise BadInput for an option that Hydra ignores, or that works otherwise than it says."""
    if known.resolve and not (known.cfg or known.help):
        raise BadInput("--resolve: needs --cfg or --help; add one of them")
    if known.package is not None and not known.cfg:
        raise BadInput(f"--package {known.package}: needs --cfg; write --cfg job --package {known.package}")
    if known.config_path is not None:
        raise BadInput(
            f"--config-path {known.config_path}: would leave out breakeven's own files; "
            f"write --config-dir {known.config_path}, which is searched first"
        )
    if known.experimental_rerun is not None:
        raise BadInput(
            f"--experimental-rerun {known.experimental_rerun}: would read a pickle, which may run any code; "
            "type the command again"
        )
    asked = [text.partition("=") for text in known.overrides] if known.shell_completion else []
    if known.shell_completion and not any(name in _COMPLETION and value for name, _, value in asked):
        raise BadInput(
            "--shell-completion: does not say what to do; write -sc install=bash, -sc uninstall=bash, or fish or zsh for bash"
        )

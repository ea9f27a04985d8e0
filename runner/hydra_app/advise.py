"""The command ``breakeven advise``: a race for one function, which it hands to ``breakeven run``."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence

from breakeven.base.arguments import BadArguments, Parser
from breakeven.base.program import program
from breakeven.base.suggestions import did_you_mean
from breakeven.runner.config.cell import FAMILIES
from breakeven.runner.hydra_app.command import main as run

_DESCRIPTION = """\
Find what to use for your own function: threads, processes, a pool of a package,
how many workers, how many calls handed over at once. A race measures candidates
until no other can be better by more than the regret, or the budget is over.
"""
_OPTIONS = {
    "model": "--models {} keeps some of them",
    "ipc": "hydra.sweeper.only=[{{ipc:{}}}] keeps some of them",
    "workload": "breakeven run hydra/sweeper=race +experiment=advise workload={} races for a workload of ours",
}
"""Knobs that are not to be typed, and what to type instead."""
_EPILOG = """\
KEY=VALUE sets a knob as for breakeven run, such as workers=2,4 or tasks=64. It is
the same as breakeven run hydra/sweeper=race +experiment=advise workload=function
workload.target=TARGET, whose grid breakeven conf copies for you to edit.

  breakeven advise photos:resize --inputs photos:samples
  breakeven advise photos:resize --make-input photos:sample payload=1MiB
  breakeven advise fetch:page --inputs 'pages/*.url' --models thread_pool --budget 20s
"""


def main(arguments: Sequence[str]) -> int:
    """Race for the function that ``arguments`` name and return the exit code; raise BadInput."""
    return run(overrides(arguments), (*program(), "advise", *arguments))


def overrides(arguments: Sequence[str]) -> list[str]:
    """Return the overrides of ``breakeven run`` that carry out what is typed; raise BadArguments."""
    typed = _parser().parse_intermixed_args(list(arguments))
    for knob in typed.knobs:
        _refuse(knob)
    models = [name.strip() for name in (typed.models or "").split(",") if name.strip()]
    only = ",".join(f"{{model:{_known(name)}}}" for name in models)
    return [
        "hydra/sweeper=race",
        "+experiment=advise",
        "workload=function",
        f"workload.target={typed.target}",
        *([f"workload.inputs={typed.inputs}"] if typed.inputs else []),
        *([f"workload.make_input={typed.make_input}"] if typed.make_input else []),
        *([f"budget={typed.budget}"] if typed.budget else []),
        *([f"hydra.sweeper.regret={typed.regret}"] if typed.regret else []),
        *(["hydra.sweeper.structure=false"] if typed.every else []),
        *([f"hydra.sweeper.only=[{only}]"] if only else []),
        *typed.knobs,
    ]


def _parser() -> Parser:
    parser = Parser(
        prog="breakeven advise",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", metavar="TARGET", help="the function, as module:function")
    parser.add_argument(
        "--inputs", metavar="WHAT", help="its inputs: module:name of an iterable, or a pattern of files"
    )
    parser.add_argument(
        "--make-input", metavar="FUNCTION", help="module:function that makes an input of payload=SIZE"
    )
    parser.add_argument("--budget", metavar="TIME", help="the time for it (default: 60s)")
    parser.add_argument(
        "--regret", metavar="SHARE", help="by how much the best may be better than the choice (default: 10%%)"
    )
    parser.add_argument(
        "--every",
        action="store_true",
        help="measure every candidate that could still win, however long that takes",
    )
    parser.add_argument("--models", metavar="MODEL,...", help="only candidates of these models")
    parser.add_argument("knobs", nargs="*", metavar="KEY=VALUE", help="knobs, as for breakeven run")
    return parser


def _known(model: str) -> str:
    """Return the name of a model; raise BadArguments if there is none of that name."""
    known = FAMILIES["model"].REGISTRY
    if model not in known:
        raise BadArguments(
            f"--models {model}: no such model{did_you_mean(model, known)}; there are {', '.join(known)}"
        )
    return model


def _refuse(knob: str) -> None:
    """Raise BadArguments for a word that is no knob, or one that each candidate has of its own."""
    name, is_set, value = knob.partition("=")
    if not is_set:
        raise BadArguments(f"{knob}: neither an option nor KEY=VALUE; see breakeven advise --help")
    if name in _OPTIONS:
        raise BadArguments(f"{knob}: the candidates have their own; {_OPTIONS[name].format(value)}")

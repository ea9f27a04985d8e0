"""The command ``breakeven``: find the subcommand and import only that."""

import sys

from breakeven.base.errors import BadInput
from breakeven.base.exit_codes import ALL_DONE, BAD_INPUT
from breakeven.base.interruption import ending_quietly
from breakeven.base.loading import load
from breakeven.base.output import write
from breakeven.base.streams import make_sturdy, problems
from breakeven.base.text import printable
from breakeven.runner.cell.search_path import put_standard_library_first

COMMANDS = {
    "run": ("breakeven.runner.hydra_app.command:main", "measure one cell, or a sweep of cells"),
    "advise": ("breakeven.runner.hydra_app.advise:main", "find what to use for your own function"),
    "show": ("breakeven.analysis.door:main", "say what follows from a sweep, draw its figures"),
    "report": ("breakeven.analysis.door:report", "write one HTML file about a sweep, to send to somebody"),
    "compare": ("breakeven.analysis.door:compare", "compare two sweeps, or two parts of one"),
    "claims": ("breakeven.analysis.door:claims", "judge twenty common claims by what a sweep measured"),
    "export": (
        "breakeven.analysis.traces.command:main",
        "write a trace of its runs for a viewer such as Perfetto",
    ),
    "status": ("breakeven.runner.status.command:main", "show the state of a sweep, and what failed and why"),
    "compact": (
        "breakeven.runner.compact.command:main",
        "merge the files of finished runs into a few larger ones",
    ),
    "conf": ("breakeven.runner.config.files:main", "copy the commented YAML files for you to edit"),
}
"""The subcommands: the function that takes the arguments and returns the exit code, and a summary."""

_SWEEPS = ("run", "advise")
_VERSION = "breakeven.base.version:project_version"
_DID_YOU_MEAN = "breakeven.base.suggestions:did_you_mean"

USAGE = """\
breakeven measures when threads and processes pay, with your function.

  breakeven run +experiment=tour            a tour of this machine, 3 minutes
  breakeven run model=thread,process workers=1,2,4     a sweep of your own
  breakeven advise photos:resize            what to use for your own function
  breakeven run hydra/sweeper=bisect model=process    from when on it pays
  breakeven show                            the last sweep: verdicts, figures
  breakeven --help                          all commands
"""

HELP = """\
breakeven measures at what task length and payload threads and processes start
to pay: on this machine, with your own function if you like.

breakeven COMMAND [ARGUMENTS]

{commands}

The word run may be left out: breakeven workers=4 measures one cell. Results
land in outputs/NAME. A folder conf/ in the working directory is searched for
YAML files before breakeven's own.

  breakeven advise photos:resize --inputs photos:samples
  breakeven run model=thread,process workers=1,2,4 sweep=mine
  breakeven compare model=thread model=process --in outputs/mine

breakeven help COMMAND explains one of them; --version prints the version.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command with ``arguments``, those of the process if None, and return the exit code."""
    if arguments is not None:
        return _main(arguments)
    put_standard_library_first()  # called by the script `breakeven`
    return ending_quietly(lambda: _main(sys.argv[1:]))


def _main(typed: list[str]) -> int:
    make_sturdy()
    if not typed:
        return _say(USAGE)
    first, rest = typed[0], typed[1:]
    if first == "help" and rest:
        first, rest = rest[0], ["--help"]
    if first in ("--help", "-h", "help"):
        return _say(
            HELP.format(commands="\n".join(f"  {name:9}{about}" for name, (_, about) in COMMANDS.items()))
        )
    if first == "--version":
        return _say(f"breakeven {load(_VERSION)()}\n")
    if first in COMMANDS:
        return call(first, rest)
    if "=" in first or first.startswith(("+", "~", "-")):
        return call("run", typed)
    return _refuse(first)


def call(name: str, arguments: list[str]) -> int:
    """Call the subcommand ``name`` and return its exit code; import nothing of the others.

    Output that cannot be written is bad input, but never to a sweep: its results are in files.
    """
    make_sturdy()
    try:
        code: int = load(COMMANDS[name][0])(arguments)
    except BadInput as refusal:
        sys.stderr.write(f"{printable(str(refusal), lines=True)}\n")
        return BAD_INPUT
    return code if _is_written() or name in _SWEEPS else BAD_INPUT


def analysis() -> int:
    """Run the script ``breakeven-analysis``: show a sweep, or compare two."""
    put_standard_library_first()
    typed = sys.argv[1:]
    name, rest = ("compare", typed[1:]) if typed[:1] == ["compare"] else ("show", typed)
    return ending_quietly(lambda: call(name, rest))


def status() -> int:
    """Run the script ``breakeven-status``."""
    put_standard_library_first()
    return ending_quietly(lambda: call("status", sys.argv[1:]))


def run() -> int:
    """Run ``python -m runner`` in a clone."""
    return ending_quietly(lambda: call("run", sys.argv[1:]))


def _say(text: str) -> int:
    write(text)
    return ALL_DONE if _is_written() else BAD_INPUT


def _is_written() -> bool:
    """Return whether all output was written, and say so if not."""
    lost = [f"cannot write {name}: {error.strerror}\n" for name, error in problems()]
    sys.stderr.write("".join(lost))
    return not lost


def _refuse(word: str) -> int:
    known = ", ".join(COMMANDS)
    meant = load(_DID_YOU_MEAN)(word, COMMANDS)
    sys.stderr.write(f"{word}: no such command{meant}; there are {known}; a knob is written KEY=VALUE\n")
    return BAD_INPUT

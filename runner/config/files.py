"""Locate breakeven's own YAML files, and the command ``breakeven conf``, which copies them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from breakeven.base.arguments import Parser
from breakeven.base.errors import BadInput
from breakeven.base.exit_codes import ALL_DONE
from breakeven.base.output import write
from breakeven.base.program import command
from breakeven.base.text import plural, shown

CONF = "conf"
_NOT_COPIED = "hydra"  # sets how the help looks, not what is measured
_OURS = re.compile(r"^\s*- override hydra/(launcher|sweeper|help): breakeven\b", re.MULTILINE)
_NAMED = 3


class NotCopied(BadInput):
    """Raised when copying the YAML files would overwrite a different file."""


def conf_folder() -> Path:
    """Return the folder of breakeven's own YAML files, inside the package."""
    return Path(__file__).resolve().parents[2] / CONF


def users_folder() -> Path | None:
    """Return ``conf`` in the working directory, None if it has no YAML file or is breakeven's own."""
    folder = Path(CONF).absolute()
    if not any(folder.rglob("*.yaml")) or folder.samefile(conf_folder()):
        return None
    return folder


def is_of_another_program(folder: Path) -> bool:
    """Return whether ``config.yaml`` in ``folder`` belongs to another Hydra application."""
    try:
        return _OURS.search((folder / "config.yaml").read_text(encoding="utf-8", errors="replace")) is None
    except OSError:  # missing, or Hydra will report why it cannot be read
        return False


def main(arguments: Sequence[str]) -> int:
    """Run ``breakeven conf`` and return its exit code; raise BadInput."""
    parser = Parser(
        prog="breakeven conf",
        description="Copy the commented YAML files to a folder for you to edit. Nothing is overwritten.",
    )
    parser.add_argument(
        "folder", nargs="?", default=CONF, type=Path, help="folder to copy them to (default: %(default)s)"
    )
    folder: Path = parser.parse_args(arguments).folder
    written = copy_files(folder)
    write(_report(folder, written))
    return ALL_DONE


def copy_files(folder: Path) -> int:
    """Copy the YAML files to ``folder`` and return how many were written; raise NotCopied before the first.

    Identical files that exist already are left alone.
    """
    files = [file.relative_to(conf_folder()) for file in sorted(conf_folder().rglob("*.yaml"))]
    files = [file for file in files if file.parts[0] != _NOT_COPIED]
    try:
        differing = [
            shown(folder.absolute() / file) for file in files if _differs(folder / file, conf_folder() / file)
        ]
        if differing:
            raise NotCopied(_refusal(differing))
        missing = [file for file in files if not (folder / file).exists()]
        for file in missing:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(conf_folder() / file, folder / file)
    except OSError as error:
        raise NotCopied(
            f"cannot write {error.filename or folder}: {error.strerror}; name another folder, as in {command('conf')} FOLDER"
        ) from error
    return len(missing)


def _differs(there: Path, own: Path) -> bool:
    return os.path.lexists(there) and there.read_bytes() != own.read_bytes()


def _refusal(differing: Sequence[str]) -> str:
    named = ", ".join(differing[:_NAMED]) + (
        f" and {len(differing) - _NAMED} more" if len(differing) > _NAMED else ""
    )
    does = "differs" if len(differing) == 1 else "differ"
    return (
        f"{named}: already there and {does} from breakeven's own; nothing was written: move your files away, "
        f"or name another folder, as in {command('conf')} FOLDER"
    )


def _report(folder: Path, written: int) -> str:
    place = shown(folder.absolute())
    files = plural(written, "file")
    if folder.exists() and folder.samefile(conf_folder()):
        return f"{place}: this is a clone, so these are breakeven's own files; edit them here\n"
    options = () if folder.absolute() == Path(CONF).absolute() else ("--config-dir", str(folder))
    return (
        f"{place}: {files} written; a file that you change replaces breakeven's own, and for one that you delete breakeven's own is used\n"
        f"For a sweep of your own, copy {place}/experiment/scaling.yaml to mine.yaml, edit it, and type\n"
        f"  {command('run', *options, '+experiment=mine')}\n"
    )

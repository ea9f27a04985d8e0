"""Results folders as runner and analysis both see them: the planned runs, and other folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from breakeven.base.events import was_too_short
from breakeven.base.layout import OUTPUTS, SweepPaths, sweeps_in
from breakeven.base.suggestions import closest
from breakeven.base.text import printable, shown

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, if libyaml is there
_NAMED = 8
_FILES = 3


def planned_runs(folder: Path) -> set[str]:
    """Return the runs of the last launch as ``<cell_id>-<round>``; none if the file is missing or broken."""
    return set(_of_last_launch(folder, "order"))


def typed_overrides(folder: Path) -> list[str]:
    """Return what was typed for the last launch, in order; nothing if the file is missing or broken."""
    return _of_last_launch(folder, "overrides")


def typed_options(folder: Path) -> list[str]:
    """Return the options of Hydra's that were typed for the last launch, such as ``--config-dir FOLDER``."""
    return _of_last_launch(folder, "options")


def how_to_resume(folder: Path) -> str:
    """Return what to do about planned runs that are missing."""
    if was_too_short(folder):
        return "the last budget was too short for any run: run the sweep again with a longer one"
    return "run the sweep again, which resumes it"


def _of_last_launch(folder: Path, key: str) -> list[str]:
    found = _last_launch(folder).get(key)
    return [str(item) for item in found] if isinstance(found, list) else []


def _last_launch(folder: Path) -> dict[str, Any]:
    try:
        stored = yaml.load(SweepPaths(folder).description.read_bytes(), Loader=_LOADER)  # noqa: S506  # a safe one
        found = stored["launches"][-1]
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def name_of(typed: Path, path: Path) -> Path:
    """Return the folder ``path`` as it was ``typed``, a link such as ``latest`` as what it leads to."""
    found = typed if typed.name == path.name else typed.parent / path.name
    return found if found.resolve() == path else path


def left_out(folder: Path, tables: Iterable[str]) -> str | None:
    """Return the line on files in the folders of ``tables`` that are not breakeven's; None if there are none."""
    found = SweepPaths(folder).strangers(tables)
    if not found:
        return None
    names = [printable(str(path.relative_to(folder))) for path in found[:_FILES]]
    more = f" and {len(found) - _FILES} more" if len(found) > _FILES else ""
    files = "1 file that is" if len(found) == 1 else f"{len(found)} files that are"
    return f"left out {files} not breakeven's: {', '.join(names)}{more}"


def no_folder(path: Path, *, empty: bool = False) -> str:
    """Return the beginning of a message that there is no results folder at ``path``, and which may be meant."""
    return f"no results folder at {printable(str(path))}{meant_folder(path, empty=empty)}"


def meant_folder(path: Path, *, empty: bool = False) -> str:
    """Return `` (did you mean outputs/NAME?)`` for a results folder that is close to ``path``, or an empty text.

    A sweep goes by its name in the configuration, so its name alone may be typed for its folder as well.
    """
    near = _sweeps_near(path.parent, empty=empty)
    known = {one.path.name: one.path for one in near if one.path != path}
    close = closest(path.name, known)
    return "" if close is None else f" (did you mean {shown(known[close])}?)"


def other_folders(folder: Path, *, empty: bool = False) -> str:
    """Return the last eight results folders in ``folder``, or else in `OUTPUTS`, as the end of a message.

    Those without a stored run are left out, unless ``empty`` is true.
    """
    found = last_folders(folder, empty=empty)
    if not found:
        return f"another folder (there is none in {shown(folder)})"
    return f"one of: {', '.join(map(shown, found))}"


def last_folders(folder: Path, *, empty: bool = False) -> list[Path]:
    """Return the last eight results folders in ``folder``, or else in `OUTPUTS`; otherwise as `other_folders`."""
    return [paths.path for paths in _sweeps_near(folder, empty=empty)][-_NAMED:]


def _sweeps_near(folder: Path, *, empty: bool) -> list[SweepPaths]:
    """Return the results folders in ``folder``, or else in `OUTPUTS`."""
    return next(filter(None, (_sweeps_in(place, empty=empty) for place in (folder, Path(OUTPUTS)))), [])


def _sweeps_in(folder: Path, *, empty: bool) -> list[SweepPaths]:
    return [paths for paths in sweeps_in(folder) if empty or paths.holds_runs()]

"""What every member of a family says of itself: its knobs, and what it needs of the interpreter that is measured.

Planning loads the class where that may be missing, so a member imports a package in the functions that use it.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar, Optional

from .named import NamedTuple

OLDEST = (3, 9)


class Requirement(NamedTuple):
    """A package: the module to import, what pip installs, and the extra of breakeven that brings it."""

    module: str
    package: str
    extra: str


class Lack(NamedTuple):
    """What an interpreter or machine lacks, as in "needs ``what``", and the ``remedy``.

    For a package the remedy depends on who installs it where, so ``package`` and ``extra`` say what to install.
    """

    what: str
    remedy: str = ""
    package: str = ""
    extra: str = ""


class Member:
    """One way of a family.

    ``OPTIONS`` names its knobs and their kinds, ``DEFAULTS`` the values with which knobs that came later leave a
    cell as it was. ``REQUIRES`` are the packages that it measures; ``SINCE`` is the first Python that has it.
    """

    OPTIONS: ClassVar[dict[str, str]] = {}
    DEFAULTS: ClassVar[dict[str, Any]] = {}
    REQUIRES: ClassVar[tuple[Requirement, ...]] = ()
    SINCE: ClassVar[tuple[int, int]] = OLDEST

    @classmethod
    def lacks(cls, options: dict[str, Any]) -> Optional[Lack]:
        """Return what this interpreter lacks for the member with these options; None if it can be measured."""
        del options
        if sys.version_info < cls.SINCE:
            version = ".".join(map(str, cls.SINCE))
            return Lack(f"Python >= {version}", f"choose one with interpreter=python{version}")
        return next(filter(None, map(_missing, cls.REQUIRES)), None)

    @classmethod
    def conflict(cls, options: dict[str, Any]) -> Optional[str]:
        """Return why options exclude each other; None if they do not."""
        del options
        return None

    @classmethod
    def may_lack(cls) -> bool:
        """Return whether there is anything to ask an interpreter."""
        return bool(cls.REQUIRES) or cls.SINCE > OLDEST or cls.lacks.__func__ is not Member.lacks.__func__  # type: ignore[attr-defined]  # bound methods have it


def _missing(required: Requirement) -> Optional[Lack]:
    from importlib.util import find_spec  # noqa: PLC0415  # a measured process asks for nothing

    try:
        found = find_spec(required.module)
    except (
        ImportError,
        ValueError,
    ):  # the package around it is missing, or is in the middle of being imported
        found = None
    if found is not None:
        return None
    return Lack(f"the package {required.package}", package=required.package, extra=required.extra)

"""How results are compared with the serial ones: ``workload.verify``."""

from __future__ import annotations

from typing import Any, Optional

from .structure import PLAIN, are_plain_and_equal, first_difference

EQUAL, CLOSE, NONE = "equal", "close", "none"
RULES = (EQUAL, CLOSE, NONE)
_BY_DESIGN = (
    "a function must return the same result for the same input; if it cannot (random numbers, times), write "
    "workload.verify=none, or compare results by a function of your own with workload.verify=module:callable"
)
_BY_ROUNDING = "the results are nearly equal, so if only rounding differs, write workload.verify=close"


def same(found: Any, expected: Any) -> bool:
    """Return whether two results are equal by their structure; NaN is equal to NaN."""
    if found is expected:
        return True
    if type(found) in PLAIN and type(expected) in PLAIN and found == expected:
        return True
    return are_plain_and_equal(found, expected) or first_difference(found, expected) is None


class Verification:
    """Results must be equal. Picklable: every worker gets its own.

    ``QUICK`` are the types whose comparison takes no time worth mentioning.
    """

    QUICK: frozenset[type] = PLAIN

    def difference(self, found: Any, expected: Any) -> Optional[str]:
        """Return where and how a result differs first, in words; None if it is right."""
        return None if same(found, expected) else first_difference(found, expected)

    same = staticmethod(same)  # without a call between, since windows call it in their timed loop

    def remedy(self, found: Any, expected: Any) -> str:
        """Return what was expected of a result that differs."""
        del found, expected
        return "a task must return the same result for the same input"


class Equal(Verification):
    """Results of the user's function must be equal."""

    def remedy(self, found: Any, expected: Any) -> str:
        """Return what a user can do about a result that differs."""
        near = first_difference(found, expected, close=True) is None
        return _BY_ROUNDING if near else _BY_DESIGN


class Close(Equal):
    """Floats may differ by rounding, wherever they are in the result."""

    def difference(self, found: Any, expected: Any) -> Optional[str]:
        """Return the first difference that is more than rounding."""
        return None if same(found, expected) else first_difference(found, expected, close=True)

    def same(self, found: Any, expected: Any) -> bool:
        """Return whether a result is right but for rounding."""
        return self.difference(found, expected) is None


class Unverified(Verification):
    """Results are not compared."""

    def difference(self, found: Any, expected: Any) -> Optional[str]:
        """Return None in any case."""
        del found, expected
        return None

    def same(self, found: Any, expected: Any) -> bool:
        """Return true."""
        del found, expected
        return True


_KINDS = {EQUAL: Equal, CLOSE: Close, NONE: Unverified}


def verification(rule: str) -> Verification:
    """Return the verification by one of `RULES`."""
    return _KINDS[rule]()

"""One short thing again and again, on objects that threads share or have for themselves.

Bound by the CPU alone, or by what is shared.

Without a GIL, each use of an object that other threads use as well changes its count of references, or its lock, in
memory that one CPU at a time can write. Processes and interpreters have objects of their own, so there `shared_` and
`private_` do the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..owning import own
from ._abc import Task
from ._looped import Looped
from ._resources import CPU, SHARING
from ._snippets import SNIPPETS, Run


class Contention(Looped):
    """Does ``amount`` loops of one of `SNIPPETS`."""

    OPTIONS: ClassVar[dict[str, str]] = {"snippet": "|".join(SNIPPETS)}
    BOUND = (CPU, SHARING)

    def _make(self) -> Callable[[], Run]:
        return SNIPPETS[self.options.get("snippet", "shared_object")]

    def open(self) -> Task:
        """Return the task."""
        loops, answer, run = own(self.amount), self.answer(), self._make()()

        def contend(payload: bytes) -> tuple[int, bytes]:
            check, back = answer(payload)
            return check + run(loops), back

        return contend

    def shared_counted(self, inputs: list[Any]) -> tuple[str, ...]:
        """Return what of the snippet is shared and counted, in words."""
        from ..sharing import is_counted, loaded, named  # noqa: PLC0415  # only without a GIL, after the trials

        del inputs
        one, other = self._make()(), self._make()()  # both exist while their parts are compared
        others = {id(found.value) for found in loaded(other)}
        return named(
            found.role for found in loaded(one) if id(found.value) in others and is_counted(found.value)
        )

"""The user's set-up and tear-down of a trial: ``workload.before`` and ``workload.after``.

They are called, without arguments and outside the timed part, by everyone who calls the function in a trial: by
the parent around serial trials and around the first calls, by each worker around parallel trials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Optional

from .awaiting import awaiting
from .errors import HookFailed, WorkerDied
from .failures import briefly
from .named import NamedTuple

BEFORE, AFTER = 1, 2  # as a control word of the board says which one the workers call
NAMES = {BEFORE: "before", AFTER: "after"}


class Hook(NamedTuple):
    """One of the two: what configures it, such as ``workload.before=work:connect``, the callable, and the user's own.

    The callable waits for what the user's own returns, if that is to be awaited.
    """

    name: str
    function: Callable[[], Any]
    own: Optional[Callable[[], Any]] = None

    def call(self) -> None:
        """Call it; raise HookFailed if it raises."""
        with self._failing():
            self.function()

    async def call_on_loop(self) -> None:
        """Call it within the running event loop; raise HookFailed if it raises."""
        with self._failing():
            await awaiting(self.own or self.function)()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except WorkerDied:
            raise  # it comes from elsewhere
        except (
            BaseException
        ) as error:  # the hook is the user's, and in a worker nobody waits for what it raises
            raise HookFailed(f"{self.name} raised {briefly(error)}") from error


class Hooks:
    """The hooks of one process or thread."""

    def __init__(self, before: Optional[Hook] = None, after: Optional[Hook] = None) -> None:
        self._hooks = {BEFORE: before, AFTER: after}

    def has(self, which: int) -> bool:
        """Return whether the hook is configured."""
        return self._hooks[which] is not None

    def call(self, which: int) -> None:
        """Call the hook, if there is one."""
        hook = self._hooks[which]
        if hook is not None:
            hook.call()

    async def call_on_loop(self, which: int) -> None:
        """Run it within the running event loop."""
        hook = self._hooks[which]
        if hook is not None:
            await hook.call_on_loop()

    @contextmanager
    def around(self) -> Iterator[None]:
        """Call one hook before the block and the other after it, unless it raises: the run ends with that."""
        self.call(BEFORE)
        yield
        self.call(AFTER)

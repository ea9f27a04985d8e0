"""Ray on this machine alone: remote functions, or a pool of actors."""

from __future__ import annotations

import logging
import os
import secrets
import signal
from collections.abc import Callable
from functools import cache
from threading import current_thread, main_thread
from typing import Any, ClassVar

from ..member import Requirement
from ._foreign import Foreign, Item, Numbered, perform

_FILE = "token"  # the name of a file
_ACTOR = "actor"


class Ray(Foreign):
    """Worker processes that a daemon starts, and that take tasks over gRPC and large payloads from shared memory."""

    OPTIONS: ClassVar[dict[str, str]] = {"form": "task|actor"}
    REQUIRES = (Requirement("ray", "ray", "ray"),)
    DAEMONS = True

    def _prepare(self) -> None:
        """Make everything that Ray starts ask for a token: some of it listens on every address."""
        path = os.path.join(self._folder, _FILE)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, _token().encode())
        os.close(descriptor)
        os.environ.update(
            RAY_AUTH_MODE="token",
            RAY_AUTH_TOKEN_PATH=path,
            RAY_USAGE_STATS_ENABLED="0",
            RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO="0",  # or it warns that this will change
        )
        import ray  # noqa: PLC0415  # what is measured; planning loads this class where it may be missing
        from ray.util import ActorPool  # noqa: PLC0415  # as above

        self._ray, self._pool_of = ray, ActorPool

    def _open(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        self._ray.init(
            address="local",
            num_cpus=self.settings.workers,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _temp_dir=self._folder,
        )
        if current_thread() is main_thread():
            signal.signal(
                signal.SIGTERM, before
            )  # Ray takes it, but how this process ends is not its business
        call, hand_class = _by_value()
        if self.settings.options["form"] == _ACTOR:
            hand = self._ray.remote(hand_class).options(num_cpus=1)
            self._actors = [hand.remote() for _ in range(self.settings.workers)]
            self._pool = self._pool_of(self._actors)
        else:
            self._actors = []
            self._call = self._remote(call)
            self._perform = self._remote(perform)  # by name: each worker knows it when the first task comes

    def _remote(self, function: Any) -> Any:
        return self._ray.remote(function).options(num_cpus=1, max_retries=0)

    def start(self) -> None:
        """Start, and let each actor know the function that it is to call."""
        super().start()
        self._ray.get([actor.adopt.remote(perform) for actor in self._actors])

    def _each(self, function: Callable[..., None], *arguments: Any) -> None:
        calls = [actor.call for actor in self._actors] or [self._call] * self.settings.workers
        self._ray.get([call.remote(function, *arguments) for call in calls])

    def _all(self, tasks: list[Numbered]) -> list[Item]:
        if self._actors:
            return list(self._pool.map(_ask, tasks))
        results: list[Item] = self._ray.get([self._perform.remote(*task) for task in tasks])
        return results

    def _one(self, task: Numbered) -> Item:
        asked = _ask(self._actors[0], task) if self._actors else self._perform.remote(*task)
        result: Item = self._ray.get(asked)
        return result

    def _close(self) -> None:
        self._ray.shutdown()


@cache
def _token() -> str:
    """Return the token of this process's runs: Ray reads it once."""
    return secrets.token_hex(32)


def _ask(actor: Any, task: Numbered) -> Any:
    return actor.perform.remote(*task)


def _by_value() -> tuple[Any, Any]:
    """Return a function and an actor's class that call any function.

    They are local, so that Ray sends their code: a worker does not know this package before it called `join`.
    """

    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    class Hand:
        def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
            return function(*arguments)

        def adopt(self, function: Callable[..., Any]) -> None:
            self._function = function

        def perform(self, *task: Any) -> Any:
            return self._function(*task)

    return call, Hand

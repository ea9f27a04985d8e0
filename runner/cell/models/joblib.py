"""`joblib.Parallel`, kept open between calls by a ``with`` statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Optional

from ..member import Requirement
from ..spaces import PROCESSES, THREADS
from ._foreign import Foreign, Item, Numbered, name_semaphores, perform

_THREADING = "threading"
_LOKY = "loky"
_MULTIPROCESSING = "multiprocessing"
_AUTO = "_effective_batch_size", "_smoothed_batch_duration"


class Joblib(Foreign):
    """The workers of one of joblib's backends: those of loky, of `multiprocessing.Pool`, or threads."""

    OPTIONS: ClassVar[dict[str, str]] = {"backend": "loky|multiprocessing|threading", "batch_size": "count?"}
    REQUIRES = (Requirement("joblib", "joblib", "joblib"),)
    TOLD_APART = True

    @classmethod
    def space(cls, options: dict[str, Any]) -> str:
        """Return threads for the backend of that name."""
        return THREADS if options.get("backend") == _THREADING else PROCESSES

    @classmethod
    def forks(cls, start_method: Optional[str], options: dict[str, Any]) -> bool:
        """Return whether the backend is the pool of `multiprocessing`, as joblib makes it."""
        del start_method
        return bool(options["backend"] == _MULTIPROCESSING)

    @classmethod
    def refuses_workers(cls, workers: int) -> Optional[str]:
        """Refuse one: joblib would call tasks in place."""
        return (
            "model=joblib calls tasks in place with workers=1 (choose model=serial)" if workers == 1 else None
        )

    def _prepare(self) -> None:
        import joblib  # noqa: PLC0415  # what is measured; planning loads this class where it may be missing

        name_semaphores(joblib.externals.loky.backend.synchronize, self.settings.name)
        self._joblib = joblib
        self._backend = self.settings.options["backend"]

    def _open(self) -> None:
        self._parallel = self._joblib.Parallel(
            self.settings.workers,
            backend=self._backend,
            batch_size=self.settings.options["batch_size"] or "auto",
            temp_folder=self._folder,
        )
        self._parallel.__enter__()

    def _each(self, function: Callable[..., None], *arguments: Any) -> None:
        """Send tasks one by one, and leave no trace of them in what joblib learns of the length of tasks."""
        parallel, backend = self._parallel, self._parallel._backend  # noqa: SLF001  # it has no public name
        size, parallel.batch_size = parallel.batch_size, 1
        learned = {name: getattr(backend, name) for name in _AUTO if hasattr(backend, name)}
        call = self._joblib.delayed(function)
        parallel(call(*arguments) for _ in range(self.settings.workers))
        parallel.batch_size = size
        for name, value in learned.items():
            setattr(backend, name, value)

    def _all(self, tasks: list[Numbered]) -> list[Item]:
        call = self._joblib.delayed(perform)
        results: list[Item] = self._parallel(call(*task) for task in tasks)
        return results

    def _one(self, task: Numbered) -> Item:
        return self._all([task])[0]

    def _close(self) -> None:
        self._parallel.__exit__(None, None, None)
        if self._backend == _LOKY:  # whose workers joblib keeps for a later call
            self._joblib.externals.loky.get_reusable_executor().shutdown(wait=True)

    def _kill(self) -> None:
        if self._backend == _LOKY:
            self._joblib.externals.loky.get_reusable_executor().shutdown(wait=True, kill_workers=True)
        else:
            self._parallel._backend.abort_everything(ensure_ready=False)  # noqa: SLF001  # as above

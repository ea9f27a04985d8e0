"""The user's modules that a function depends on, as files.

What they were when it was planned, and what they are now.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from breakeven.base import packages
from breakeven.base.modules import Module, Modules, enumerate_some, read, write
from breakeven.runner.cell.question import Answer
from breakeven.runner.environment import content_hash, repository_of
from breakeven.runner.planning.input_files import changed_inputs
from breakeven.runner.planning.run import Source

_REMEDY = "start the command again to plan with the current version"


def source_of(answer: Answer, folder: Path) -> Source:
    """Return what the functions that an interpreter imported from ``folder`` depend on."""
    hashes = dict(_hashes({*answer.files, *answer.modules}))
    commit, dirty = repository_of([Path(file) for file in answer.files])
    return Source(
        folder=str(folder),
        digest=hashlib.sha256("\n".join(sorted(hashes.values())).encode()).hexdigest()[:16],
        files=tuple(hashes),
        hashes=tuple(hashes.values()),
        packages=answer.packages,
        commit=commit,
        dirty=dirty,
        inputs=answer.inputs,
        manner=answer.manner,
    )


def _hashes(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each file with the hash of its content, in order; one that is gone was made for the import alone."""
    for path in sorted(set(filter(None, map(_whole, paths)))):
        with suppress(FileNotFoundError):
            yield path, content_hash(path)


def _whole(path: str) -> str | None:
    """Return the file that holds ``path``: the archive, if it is a module in one; None if there is none."""
    return next((str(file) for file in (Path(path), *Path(path).parents) if file.is_file()), None)


@lru_cache(maxsize=64)
def planned_modules(source: Source) -> Modules:
    """Return the modules that are imported with a function, by their names in the table ``runs``.

    The files that are its inputs count as one more, whose name is the pattern.
    """
    modules = {
        module_name(path, source.folder): Module(digest)
        for path, digest in zip(source.files, source.hashes, strict=True)
    }
    inputs = {} if source.input_pattern is None else {source.input_pattern: Module(source.input_hash)}
    return modules | inputs


def module_name(path: str, folder: str) -> str:
    """Return a file's path relative to the directory typed in, or as it is if that is shorter."""
    relative = os.path.relpath(path, folder)
    return relative if len(relative) < len(path) else path


def _is_below(name: str) -> bool:
    """Return whether a module of that name lies below the directory typed in."""
    return not name.startswith((os.sep, os.pardir + os.sep))


def present_modules(text: str, source: Source) -> Modules:
    """Return what the modules of a stored row would be now.

    Those imported with the function, and those that its calls imported.

    Of the latter, a file outside of the directory typed in may have been made for one run, and so may be gone.
    """
    now = dict(planned_modules(source))
    for name, module in read(text).items():
        path = Path(source.folder, name)
        if module.later and name not in now and path.is_file():
            now[name] = Module(content_hash(str(path)), later=True)
        elif module.later and not _is_below(name):
            now.setdefault(name, module)
    return now


def imported_modules(source: Source, files: Iterable[str], apart: str) -> str:
    """Return, as text, the modules of a run that imported ``files``.

    Later runs are held to those that were not planned.

    What lies in the run's own folder, ``apart``, is no source.
    """
    kept = [file for file in files if not file.startswith(apart + os.sep)]
    found = {path: digest for path, digest in _hashes(kept) if path not in source.files}
    for path, digest in found.items():
        source.later.files.setdefault(path, digest)
    later = {module_name(path, source.folder): Module(digest, later=True) for path, digest in found.items()}
    return write({**later, **planned_modules(source)})


def changed_source(source: Source) -> str | None:
    """Return a sentence on how a function's files differ from what they were; None if they do not."""
    known = [*zip(source.files, source.hashes, strict=True), *_still_there(source)]
    try:
        changed = [path for path, digest in known if content_hash(path) != digest]
        changed += filter(None, [changed_inputs(source)])
    except OSError as error:
        return f"{error.filename} can no longer be read ({error.strerror}); restore it, or {_REMEDY}"
    if not changed:
        return None
    return f"{enumerate_some(changed)} changed after this sweep was planned, so the next run would measure something else; {_REMEDY}"


def _still_there(source: Source) -> Iterator[tuple[str, str]]:
    """Yield what earlier runs imported later, but what may have been made for one of them and is gone."""
    for path, digest in list(source.later.files.items()):  # a run in another thread may add to them
        if _is_below(module_name(path, source.folder)) or Path(path).exists():
            yield path, digest


def changed_packages(source: Source, imported: Iterable[str]) -> str | None:
    """Return how the packages that a run imported differ from those planned, in a sentence; None if not."""
    planned, found = (packages.read("\n".join(lines)) for lines in (source.packages, imported))
    before, now = packages.differing(
        {name: planned[name] for name in planned if name in found},
        {name: found[name] for name in found if name in planned},
    )
    return (
        f"{packages.describe_change(before, now)} since this sweep was planned; {_REMEDY}" if before else None
    )

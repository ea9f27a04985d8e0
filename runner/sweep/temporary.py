"""The folder for temporary files, found without leaving one."""

import os
import tempfile
from pathlib import Path


def find_temporary_folder() -> None:
    """Let `tempfile` use the first usable folder of its usual order.

    It would find it by writing a file, which a process that is killed meanwhile leaves behind. If none is usable, it
    looks for itself, and says so.
    """
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    for folder in filter(None, (*named, "/tmp", "/var/tmp", "/usr/tmp")):  # noqa: S108  # the order of `tempfile`
        if Path(folder).is_dir() and os.access(folder, os.W_OK | os.X_OK):
            tempfile.tempdir = str(Path(folder).absolute())
            return

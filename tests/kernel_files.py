"""Trees of kernel files for tests: what /proc, /sys and the marks of containers hold, below a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

CPU = "sys/devices/system/cpu/cpu{}"
V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"


class KernelFiles:
    """Puts files below ``root``, which stands for the root folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, tree: Mapping[str, str]) -> None:
        """Write each text to its place, over what is there."""
        for name, text in tree.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)

    def clear(self) -> None:
        """Remove every file; folders stay."""
        for path in self.root.rglob("*"):
            if path.is_file():
                path.unlink()

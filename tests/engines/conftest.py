"""How long the tests of each engine took, which differ in what they start."""

from __future__ import annotations

from collections import defaultdict

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the seconds of each part, with what its fixtures start and stop."""
    seconds: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.nodeid.startswith("tests/engines/"):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    for part, taken in sorted(seconds.items()):
        terminalreporter.write_line(f"{part}: {taken:.0f} s")

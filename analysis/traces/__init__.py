"""What workers did when, as files for viewers of traces: one file a format, found by its name."""

from __future__ import annotations

from breakeven.analysis.traces._abc import Format
from breakeven.analysis.traces.chrome import Chrome
from breakeven.analysis.traces.perfetto import Perfetto
from breakeven.analysis.traces.speedscope import Speedscope

FORMATS: dict[str, type[Format]] = {"perfetto": Perfetto, "chrome": Chrome, "speedscope": Speedscope}
"""Every format by the name under which it is asked for."""

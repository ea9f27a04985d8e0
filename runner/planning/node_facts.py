"""What a node of an engine says of itself: its CPU, the environment that its runs inherit, and an interpreter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from breakeven.base.conditions import CPU_MODEL, ENVIRONMENT
from breakeven.runner.planning.run import Run
from breakeven.runner.planning.variables import environment_that_matters

OF_NODES = (CPU_MODEL, "python_version", "implementation", "python_build", ENVIRONMENT)
"""The conditions that a run on a node has from that node, whatever the machine of the command has."""


@dataclass(frozen=True, kw_only=True)
class NodeFacts:
    """What a node is, and the interpreter that it has at the path ``executable``; None for what is not known.

    ``environment`` holds the variables that matter to speed and that its runs inherit.
    """

    cpu_model: str
    environment: str
    executable: str
    python_version: str | None = None
    implementation: str | None = None
    python_build: str | None = None

    def value(self, column: str, run: Run) -> str | None:
        """Return what ``run`` would have on this node in a column of `OF_NODES`; None if that is not known."""
        if column == ENVIRONMENT:
            return environment_that_matters(run.cell.environment, self.environment)
        if column != CPU_MODEL and self.executable != run.executable:
            return None
        found: str | None = getattr(self, column)
        return found


def is_of_a_node(run: Run) -> bool:
    """Return whether a run is made on a node, so that the plan does not know its machine."""
    return CPU_MODEL not in run.conditions


def values(nodes: Iterable[NodeFacts], column: str, run: Run) -> list[str]:
    """Return what ``run`` might have on ``nodes`` in a column of `OF_NODES`, sorted; empty if no node says so."""
    found = {node.value(column, run) for node in nodes}
    return sorted(value for value in found if value is not None)

"""From what a run left behind to rows and Arrow tables."""

from breakeven.runner.results.run_result import RunResult

__all__ = ["RunResult"]

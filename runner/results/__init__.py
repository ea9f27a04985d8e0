"""Turn the result files of a run into rows and Arrow tables."""

from breakeven.runner.results.run_result import RunResult

__all__ = ["RunResult"]

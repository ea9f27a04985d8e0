"""Errors in results, or in requests for them."""

from breakeven.base.errors import BadInput


class BadResults(BadInput):
    """Raised when stored results cannot be used as requested."""


class ResultsEmpty(BadResults):
    """Raised when a results folder holds no finished run."""


class ResultsDamaged(BadResults):
    """Raised when a stored file is truncated or is not Parquet."""


class OtherSchema(BadResults):
    """Raised when a stored file has another schema version or lacks a column that is needed."""


class NoMatch(BadResults):
    """Raised when no cell of the sweep matches the request."""


class UnknownName(BadResults):
    """Raised when a requested table, column, figure or format does not exist."""


class UnfitOption(BadResults):
    """Raised when a figure has no use for an option; the message names what it accepts."""


class FiguresUnwritable(BadResults):
    """Raised when figures cannot be written to their folder."""


class AmbiguousPairs(BadResults):
    """Raised when a cell of one side has several partners on the other; the message names what separates them."""


class NothingPaired(BadResults):
    """Raised when no cell of one side has a partner on the other."""


class SameRuns(BadResults):
    """Raised when both sides of a comparison hold the same runs."""


class SidesDiffer(BadResults):
    """Raised when two sides were measured under different conditions that were not allowed.

    The message has one line per difference, between a first line that says so and a last one with the remedy.
    """


class VerdictsUnwritable(BadResults):
    """Raised when the verdicts cannot be written into their results folder."""


class UnlikeHosts(BadResults):
    """Raised when times of hosts with unlike CPUs would be compared without being asked for."""


class ReportUnwritable(BadResults):
    """Raised when a comparison or a page cannot be written to its file."""


class NothingRecorded(BadResults):
    """Raised when no run that is asked for recorded the phases of its workers."""


class TraceUnwritable(BadResults):
    """Raised when a trace cannot be written to its file."""


class ClocksDiffer(BadResults):
    """Raised when runs of several machines would be placed by their clocks, which differ."""

"""Stored sweeps to frames, statistics, a summary and figures.

It knows the stored tables only, nothing of the program that wrote them:

>>> from analysis import load
>>> lab = load("outputs/latest")  # doctest: +SKIP
>>> lab.runs, lab.trials, lab.spans(columns=["phase", "duration_ns"])  # doctest: +SKIP
"""

from analysis.load import Lab, load

__all__ = ["Lab", "load"]

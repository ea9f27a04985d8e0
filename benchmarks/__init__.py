"""Measurements of breakeven itself; each prints its figures, none passes or fails."""

"""Definitions that both the runner and the analysis need."""

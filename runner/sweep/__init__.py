"""Carrying out a sweep: execute, store and report one run after another until the sweep is done or stopped."""

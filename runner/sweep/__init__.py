"""Carry out a sweep: execute, store and report one run after another until it is done or stopped."""

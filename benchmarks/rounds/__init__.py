"""Simulations of ``rounds=auto``: what its intervals cover, what a budget buys, which verdicts follow."""

"""A composed configuration as typed, checked data."""

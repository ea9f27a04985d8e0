"""Merge the files of finished runs: the command, its locks, its words."""

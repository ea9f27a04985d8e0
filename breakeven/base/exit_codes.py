"""The exit codes of all subcommands."""

ALL_DONE = 0
SOME_FAILED = 1
"""Runs failed or are missing, or a comparison found a verdict named by `--fail-on`."""

BAD_INPUT = 2
"""The arguments or the files cannot be used; nothing was measured."""

EXIT_INTERRUPTED = 130

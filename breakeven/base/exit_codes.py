"""What the command's exit code says, whichever subcommand was called."""

ALL_DONE = 0
SOME_FAILED = 1
"""Runs failed or are missing, or a comparison found what `--fail-on` names."""

BAD_INPUT = 2
"""What was typed, or what was read, cannot be used; nothing was measured."""

EXIT_INTERRUPTED = 130

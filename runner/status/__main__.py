"""The door ``python -m runner.status`` in a clone: ``breakeven status``."""

import sys

if __name__ == "__main__":
    from breakeven.runner.cell.search_path import put_working_directory_behind

    put_working_directory_behind()
    from breakeven.command import call

    sys.exit(call("status", sys.argv[1:]))

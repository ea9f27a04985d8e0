"""The door ``python -m runner`` in a clone: ``breakeven run``."""

import sys

if __name__ == "__main__":
    from breakeven.runner.cell.search_path import put_working_directory_aside

    put_working_directory_aside()
    from breakeven.command import run

    sys.exit(run())

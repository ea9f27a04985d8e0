"""``python -m analysis`` in a clone: ``breakeven show``, or ``breakeven compare``."""

import sys

if __name__ == "__main__":
    from breakeven.runner.cell.search_path import put_working_directory_aside

    put_working_directory_aside()
    from breakeven.command import analysis

    sys.exit(analysis())

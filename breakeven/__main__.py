"""``python -m breakeven``: the same as the command ``breakeven``."""

import sys

if __name__ == "__main__":
    from breakeven.runner.cell.search_path import put_working_directory_behind

    put_working_directory_behind()
    from breakeven.command import main

    sys.exit(main())

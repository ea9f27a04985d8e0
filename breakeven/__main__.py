"""The door ``python -m breakeven``: the command as a whole."""

import sys

if __name__ == "__main__":
    from breakeven.runner.cell.search_path import put_working_directory_behind

    put_working_directory_behind()
    from breakeven.command import main

    sys.exit(main())

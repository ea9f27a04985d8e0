"""``python -m breakeven``: the same as the command ``breakeven``."""

import sys

if __name__ == "__main__":
    from breakeven.runner.cell.search_path import put_working_directory_aside

    put_working_directory_aside()
    from breakeven.command import main

    sys.exit(main())

"""Whether equal cells are called different: 40 cells, each measured twice under two names in one sweep.

    python -m benchmarks.null_test [override ...]

Makes the sweep of conf/experiment/null_test.yaml and compares the two names with a band of 10 %. Exits with 1 if more
than 2 of the 40 pairs are called faster or slower. On a quiet machine at least 30 should be called the same; on a busy
one the summary of the sweep says how long that would take.
"""

from __future__ import annotations

import sys

from benchmarks.sweeps import machine, swept
from breakeven.analysis.comparing import compare

MOST, LEAST_SAME = 2, 30
BAND = 0.1


def main() -> int:
    """Measure, compare, judge."""
    with swept("+experiment=null_test", *sys.argv[1:]) as folder:
        pairs = compare("label=a", "label=b", within=folder, band=BAND)
        said = folder.with_suffix(".txt").read_text().splitlines()
    print(machine())
    print(pairs["effect"].describe(percentiles=[0.1, 0.5, 0.9]).to_string(float_format="{:.3f}".format))
    print(pairs["verdict"].value_counts().to_string())
    print("\n".join(line for line in said if "wider than asked" in line))
    same = int(pairs["verdict"].eq("same").sum())
    print(
        f"{same} of {len(pairs)} pairs called the same, at least {LEAST_SAME} on a quiet machine: {'yes' if same >= LEAST_SAME else 'no'}"
    )
    different = int(pairs["verdict"].isin(["faster", "slower"]).sum())
    good = different <= MOST
    print(f"{different} of {len(pairs)} pairs called different, at most {MOST}: {'yes' if good else 'no'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

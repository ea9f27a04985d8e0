"""The rounds, and the table of their outcomes."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import benchmarks.faults
from benchmarks.faults.injecting import FAULTS, Fault
from benchmarks.faults.inspecting import Leftover, Stock, check_clean, check_complete, check_nobody, leftovers
from benchmarks.faults.launches import CELLS, Launch, Pace, Violated, overrides
from benchmarks.faults.scene import Came, Scene, began, ended, run_ends
from benchmarks.faults.spoiling import measuring
from benchmarks.faults.surroundings import Surroundings, in_surroundings
from benchmarks.sweeps import machine


@dataclass
class Tally:
    """The outcomes of the faults, and counts over all rounds."""

    came: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    launches: int = 0
    sweeps: int = 0
    runs: int = 0
    set_aside: int = 0


class Rounds:
    """Sweeps of ``runs`` runs, one after the other below ``base``, disturbed in seeded random ways."""

    def __init__(self, base: Path, runs: int, seed: int, faults: Sequence[Fault]) -> None:
        self._base = base
        self._runs = runs
        self._seed = seed
        self._faults = faults
        self._asked = overrides(runs)
        self.here = Surroundings()
        self._temporary = base / "tmp"
        self._temporary.mkdir()
        self._environment = self.here.environment | {"TMPDIR": str(self._temporary)}
        self._pace = Pace(0, 0, 0)
        self.tally = Tally()
        self._stock = self._new()
        self._left: set[Leftover] = set()

    def undisturbed(self) -> Pace:
        """Make a sweep without any fault, check it, and measure how long a launch takes."""
        self.tally.launches += 1
        launch = Launch(self._stock.folder, self._asked, self._environment)
        came = ended(launch, "done")
        if not (began(launch) and len(run_ends(launch)) == self._runs and measuring(launch)):
            raise Violated("the events of an undisturbed sweep were not seen: no check can be believed")
        self._pace = self._pace.learnt(launch, time.perf_counter() - launch.began)
        self._inspect(came)
        return self._pace

    def disturbed(self, number: int) -> str:
        """Inject the fault of that round, check what must hold, and return the outcome; raise Violated."""
        chance = random.Random(f"{self._seed} {number}")
        (fault,) = chance.choices(self._faults, [fault.weight for fault in self._faults])
        waiting = self._runs - self._stock.done
        scene = Scene(
            self._stock, self._asked, self._environment, self.here.alone, self._pace, waiting, chance
        )
        try:
            came = fault.inject(scene)
            self._pace = self._pace.learnt(came.launch)
            self._inspect(came)
        except Violated as error:
            raise Violated(f"{fault.name}: {error}") from error
        finally:
            self.tally.launches += scene.launches
        self.tally.came[fault.words][came.words] += 1
        return f"{fault.name}: {came.words}"

    def complete(self) -> None:
        """Complete the current sweep, undisturbed."""
        if self._stock.folder.exists():
            self.tally.launches += 1
            came = ended(Launch(self._stock.folder, self._asked, self._environment), "done")
            self._inspect(came)
            if came.code:
                raise Violated(f"the last sweep is not complete:\n{came.launch.said()}")

    def _inspect(self, came: Came) -> None:
        check_nobody(self.here)
        if began(came.launch):
            self._stock.check_set_aside()
        self._stock.take()
        left = leftovers(self._stock.folder, self._temporary, self.here)
        if came.orderly:  # one that was ended before it had the lock cannot remove what others left
            check_clean(left, set() if began(came.launch) else self._left)
        self._left = left
        if came.code == 0 and came.orderly:
            self._completed()

    def _completed(self) -> None:
        check_complete(self._stock, self._runs)
        self.tally.sweeps += 1
        self.tally.runs += len(self._stock.runs)
        self.tally.set_aside += self._stock.set_aside
        shutil.rmtree(self._stock.folder)
        self._stock = self._new()

    def _new(self) -> Stock:
        return Stock(self._base / "outputs" / f"sweep-{self.tally.sweeps + 1:03d}")


def report(tally: Tally, seconds: float) -> None:
    """Print the outcomes of each fault, and the sums."""
    print(f"\n{'fault':38} {'times':>5}  outcomes")
    for fault, came in sorted(tally.came.items()):
        words = ", ".join(f"{words} {times}" for words, times in came.most_common())
        print(f"{fault:38} {came.total():5}  {words}")
    print(
        f"\n{tally.launches} launches, {tally.sweeps} sweeps completed, {tally.runs} runs stored, each once; "
        f"{tally.set_aside} damaged files set aside; {seconds / 60:.1f} minutes"
    )


def main() -> int:
    """Inject faults as requested; return the exit code."""
    parser = argparse.ArgumentParser(
        description=benchmarks.faults.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=50, help=f"in a sweep; a multiple of {CELLS} (50)")
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=list(FAULTS), metavar="FAULT")
    asked = parser.parse_args()
    return in_surroundings(
        "benchmarks.faults",
        sys.argv[1:],
        lambda: inject(asked.rounds, asked.seed, asked.runs, [FAULTS[name] for name in asked.only]),
    )


def inject(count: int, seed: int, runs: int, faults: Sequence[Fault]) -> int:
    """Make so many rounds with sweeps of so many runs; print the outcomes, and return the exit code."""
    print(machine())
    begin = time.perf_counter()
    base = Path(tempfile.mkdtemp(prefix="breakeven-faults-"))
    rounds = Rounds(base, runs, seed, faults)
    number = 0
    try:
        pace = rounds.undisturbed()
        print(f"undisturbed: {pace.start:.2f} s to the first run, {pace.run:.3f} s a run", flush=True)
        for number in range(1, count + 1):
            print(f"{number:4} {rounds.disturbed(number)}", flush=True)
        rounds.complete()
    except Violated as error:
        rounds.here.end_all()
        print(f"seed {seed}, round {number}: {error}\nthe folder is kept: {base}", file=sys.stderr)
        return 1
    report(rounds.tally, time.perf_counter() - begin)
    shutil.rmtree(base)
    return 0


if __name__ == "__main__":
    sys.exit(main())

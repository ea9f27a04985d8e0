"""The tables of docs/study.md: what became of each claim on several interpreters.

    python -m benchmarks.study FOLDER [FOLDER ...] [--also FOLDER]

Each FOLDER is a sweep of `+experiment=claims` that `breakeven claims` has judged. Prints Markdown: one table with the
verdict on every claim and interpreter, then each claim with what was measured for it, in the words of `claims.json`.
With --also, what that sweep decides is added to the claims.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from breakeven.base.layout import SweepPaths

_WRITTEN = {"supported": "supported", "contradicted": "**contradicted**", "inconclusive": "open"}
_COLUMNS = 120
_OFF = "+GIL off"  # of an interpreter's name

Claim = Mapping[str, Any]


def read(folders: Iterable[Path]) -> list[dict[str, Claim]]:
    """Return what each folder's `claims.json` says of each claim, by its id; raise OSError or ValueError."""
    texts = [SweepPaths(folder).claims.read_text(encoding="utf-8") for folder in folders]
    return [{claim["id"]: claim for claim in json.loads(text)["claims"]} for text in texts]


def study(sweeps: Sequence[Mapping[str, Claim]], also: Sequence[Mapping[str, Claim]] = ()) -> Iterator[str]:
    """Yield the lines of the table of all verdicts, then those of each claim."""
    names = [_interpreter(sweep) for sweep in sweeps]
    yield f"| | claim | {' | '.join(names)} |"
    yield f"|---|---|{'---|' * len(names)}"
    for id_, claim in sweeps[0].items():
        verdicts = " | ".join(_WRITTEN[sweep[id_]["decision"]] for sweep in sweeps)
        yield f"| [{id_}](#{id_.lower()}) | {claim['claim']} | {verdicts} |"
    for id_, claim in sweeps[0].items():
        yield from ("", f"### {id_}", "", *textwrap.wrap(f'"{claim["claim"]}"', _COLUMNS), "")
        shown = [
            *zip(names, sweeps, strict=True),
            *((_named(one[id_]), one) for one in also if _decided(one, id_)),
        ]
        for number, expected in enumerate(claim["measured"]):
            yield from _item("- ", expected["rule"])
            for name, sweep in shown:
                found = sweep[id_]["measured"][number]
                yield from _item("    - ", f"{name}, {found['decision']}: {_seen(found)}")


def _interpreter(sweep: Mapping[str, Claim]) -> str:
    """Return the interpreter that most claims of a sweep were judged on."""
    found = [_named(claim) for claim in sweep.values()]
    return max(found, key=found.count)


def _named(claim: Claim) -> str:
    return (
        str(claim["interpreter"])
        .replace("CPython ", "")
        .replace(_OFF, " without the GIL")
        .replace(", ", " and ")
    )


def _decided(sweep: Mapping[str, Claim], id_: str) -> bool:
    return id_ in sweep and sweep[id_]["decision"] != "inconclusive"


def _item(mark: str, text: str) -> list[str]:
    rest = " " * len(mark)
    return textwrap.wrap(text, _COLUMNS, initial_indent=mark, subsequent_indent=rest, break_on_hyphens=False)


def _seen(found: Mapping[str, Any]) -> str:
    return str(found["sentence"]).removeprefix(f"{found['quantity']}: ")


def main() -> int:
    """Print the tables of the sweeps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--also", action="append", default=[], type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    sys.stdout.write("".join(f"{line}\n" for line in study(read(asked.folders), read(asked.also))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

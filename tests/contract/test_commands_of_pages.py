"""Every command that a page prints can be typed: its module, knobs, choices and options are there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from breakeven.analysis.figures import FIGURES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
GROUPS = ("engine", "ipc", "model", "pattern", "preset", "workload")
READERS_OWN = {"mine", "payloads", "laptop", "a", "b", "NAME"}
"""Experiments and choices that stand for those of the reader."""
OPEN = ("environment", "hydra", "workload.kwargs")
"""What holds keys of the reader's choice, or Hydra's own."""
HYDRAS = {"--cfg", "--config-dir", "--help", "--version"}
SUBCOMMANDS = {"show", "report", "compare", "claims", "export", "status", "compact", "conf", "help"}


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each command of ours on a page, in blocks and within sentences."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    parts = re.split(r"^ *```(\w*)\n", text, flags=re.MULTILINE)  # prose, language, block, "", prose, ...
    blocks = [block for language, block in zip(parts[1::4], parts[2::4], strict=True) if language == "sh"]
    inline = (" ".join(code.split()) for prose in parts[::4] for code in re.findall(r"`([^`]+)`", prose))
    for line in [*(line for block in blocks for line in block.splitlines()), *inline]:
        found = re.search(r"(?:^|/|&& )((?:breakeven|python -m benchmarks\.)(?= |\w).*)", line.strip())
        if found:
            yield shlex.split(found[1], comments=True)


@cache
def sources(*folders: str) -> str:
    """Return the code in these folders."""
    return "\n".join(
        path.read_text(encoding="utf-8") for one in folders for path in (ROOT / one).rglob("*.py")
    )


@cache
def knobs(path: Path) -> set[str]:
    """Return the keys of a YAML file, nested ones with a dot between."""
    top = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    nested = {f"{key}.{inner}" for key, held in top.items() if isinstance(held, dict) for inner in held}
    return set(top) | nested


def is_known(word: str) -> bool:
    """Return whether ``key=values`` names a knob that there is and, if it is a choice, choices that there are."""
    key, _, values = word.partition("=")
    key = key.lstrip("+~")
    group, _, knob = key.partition(".")
    if key.isupper() or key.startswith(OPEN):
        return True
    if key in {*GROUPS, "experiment"}:
        chosen = set(re.findall(r"\w+", values)) - READERS_OWN - {"choice", "null"}
        return chosen <= {path.stem for path in (ROOT / "conf" / key).glob("*.yaml")}
    if group in {*GROUPS, "interpreter"} and knob:
        return any(knob in knobs(path) for path in (ROOT / "conf" / group).glob("*.yaml"))
    return key in knobs(ROOT / "conf" / "config.yaml") | {"interpreter"}


def faults(words: list[str]) -> Iterator[str]:
    """Yield the words of a command that nothing knows."""
    options = {word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)}
    if words[0] == "python":
        module = ROOT / "benchmarks" / words[2].removeprefix("benchmarks.")
        file = module.with_suffix(".py") if module.with_suffix(".py").exists() else module / "__main__.py"
        yield from [] if file.exists() else [words[2]]
        code = file.read_text(encoding="utf-8") if file.exists() else ""
    else:
        code = sources("analysis", "runner", "breakeven/base")
        options -= HYDRAS
    drawn = (after for word, after in pairwise(words) if word == "--figure")
    yield from (
        name for names in drawn for name in names.split(",") if name.islower() and name not in FIGURES
    )
    yield from (option for option in options if f'"{option}"' not in code and f"[{option} " not in code)
    if words[0] == "python" or SUBCOMMANDS.isdisjoint(words[1:2]):
        yield from (word for word in words[1:] if re.match(r"[+~]?[a-z][\w.]*=", word) and not is_known(word))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_command_names_is_there(page: Path) -> None:
    """No page types a knob, a choice, an option or a benchmark that does not exist."""
    assert {shlex.join(words): found for words in commands(page) if (found := list(faults(words)))} == {}


def test_commands_are_found_and_faults_seen() -> None:
    """Neither blocks nor sentences are passed over, and each kind of mistake is one."""
    typed = [words for page in PAGES for words in commands(page)]
    assert sum(words[0] == "python" for words in typed) > 30
    assert sum(words[0] == "breakeven" for words in typed) > 100
    wrong = (
        "breakeven run modle=thread",
        "breakeven run model=thred",
        "breakeven run model.chunksiz=1",
        "breakeven run +experiment=tuor",
        "breakeven show outputs/mine --figur scaling",
        "breakeven show --figure scalling",
        "python -m benchmarks.bisection",
        "python -m benchmarks.bisections --mostly 80",
        "python -m benchmarks.spread afinity=none",
    )
    assert [line for line in wrong if not list(faults(line.split()))] == []

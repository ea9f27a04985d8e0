"""The command as a whole: usage, help, and which subcommand is meant."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator

import pytest

from breakeven import command
from breakeven.base.loading import load
from breakeven.base.version import project_version
from breakeven.command import COMMANDS, HELP, USAGE, analysis, main, status

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, list[str]]]]:
    """Note which subcommand is called and with what, instead of calling it; a script ignores Ctrl-C afterwards."""
    calls: list[tuple[str, list[str]]] = []

    def note(name: str, arguments: list[str]) -> int:
        calls.append((name, arguments))
        return 0

    monkeypatch.setattr(command, "call", note)
    before = signal.getsignal(signal.SIGINT)
    yield calls
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("typed", "name", "arguments"),
    [
        (["run"], "run", []),
        (["run", "model=thread"], "run", ["model=thread"]),
        (["workers=1,2"], "run", ["workers=1,2"]),
        (["-m", "workers=1,2"], "run", ["-m", "workers=1,2"]),
        (["--multirun", "workers=1,2"], "run", ["--multirun", "workers=1,2"]),
        (["--config-dir", "mine", "workload=x"], "run", ["--config-dir", "mine", "workload=x"]),
        (["+experiment=tour"], "run", ["+experiment=tour"]),
        (["~measure.warmup"], "run", ["~measure.warmup"]),
        (["show=1"], "run", ["show=1"]),
        (["show", "outputs/mine"], "show", ["outputs/mine"]),
        (["compare", "a=1", "a=2"], "compare", ["a=1", "a=2"]),
        (["status", "--json"], "status", ["--json"]),
        (["conf"], "conf", []),
        (["help", "show"], "show", ["--help"]),
        (["help", "run", "model=thread"], "run", ["--help"]),
        (["run", "--version"], "run", ["--version"]),
    ],
    ids=" ".join,
)
def test_what_is_meant(
    called: list[tuple[str, list[str]]], typed: list[str], name: str, arguments: list[str]
) -> None:
    """A bare word is a subcommand; what looks like an override or a flag is a run."""
    assert main(typed) == 0
    assert called == [(name, arguments)]


@pytest.mark.parametrize(
    ("door", "typed", "meant"),
    [
        (analysis, [], ("show", [])),
        (analysis, ["outputs/mine", "--no-figures"], ("show", ["outputs/mine", "--no-figures"])),
        (analysis, ["compare", "a", "b"], ("compare", ["a", "b"])),
        (status, ["outputs/mine"], ("status", ["outputs/mine"])),
    ],
)
def test_the_old_scripts_lead_to_subcommands(
    called: list[tuple[str, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
    door: Callable[[], int],
    typed: list[str],
    meant: tuple[str, list[str]],
) -> None:
    """They take the arguments that they took."""
    monkeypatch.setattr(sys, "argv", ["breakeven-old", *typed])
    assert door() == 0
    assert called == [meant]


@pytest.mark.parametrize("typed", [["--help"], ["-h"], ["help"]], ids=" ".join)
def test_help_lists_every_command(capsys: Captured, typed: list[str]) -> None:
    """Each with what it does, three examples, and no line longer than 80 columns."""
    assert main(typed) == 0
    said = capsys.readouterr().out
    for name, (_, about) in COMMANDS.items():
        assert f"  {name:9}{about}\n" in said
    assert sum(line.startswith("  breakeven ") for line in said.splitlines()) == 3
    assert max(map(len, said.splitlines())) <= 80


def test_nothing_typed_is_a_hint(called: list[tuple[str, list[str]]], capsys: Captured) -> None:
    """Nothing is measured, and it is no mistake."""
    assert main([]) == 0
    assert (called, capsys.readouterr()) == ([], (USAGE, ""))
    assert max(map(len, USAGE.splitlines())) <= 80
    assert "{" not in USAGE
    assert "{commands}" in HELP


def test_the_version_is_the_projects(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the command as a whole, and of a run."""
    monkeypatch.setattr("breakeven.runner.hydra_app.command.ignore_signals", lambda: None)  # the tests go on
    assert main(["--version"]) == 0
    assert main(["run", "--version"]) == 0
    assert capsys.readouterr().out == f"breakeven {project_version()}\n" * 2


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (["sohw"], "sohw: no such command (did you mean show?); there are run, advise, show, report, compare, claims, export, status, compact, conf; a knob is written KEY=VALUE"),
        (["workers", "2"], "workers: no such command; there are run, advise, show, report, compare, claims, export, status, compact, conf; a knob is written KEY=VALUE"),
        (["outputs/mine"], "outputs/mine: no such command; there are run, advise, show, report, compare, claims, export, status, compact, conf; a knob is written KEY=VALUE"),
        ([""], ": no such command; there are run, advise, show, report, compare, claims, export, status, compact, conf; a knob is written KEY=VALUE"),
        (["help", "sohw"], "sohw: no such command (did you mean show?); there are run, advise, show, report, compare, claims, export, status, compact, conf; a knob is written KEY=VALUE"),
        (["reprot"], "reprot: no such command (did you mean report?); there are run, advise, show, report, compare, claims, export, status, compact, conf; a knob is written KEY=VALUE"),
    ],
)  # fmt: skip
def test_a_mistyped_command_is_one_line(capsys: Captured, typed: list[str], line: str) -> None:
    """What was typed, what it may have meant, and what there is; exit code 2."""
    assert main(typed) == 2
    assert capsys.readouterr() == ("", f"{line}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_exists(name: str) -> None:
    """The table names functions that are there."""
    assert callable(load(COMMANDS[name][0]))


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "run"])
def test_every_command_has_help(capsys: Captured, name: str) -> None:
    """It is named as it is typed."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: breakeven {name} ")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "run"])
def test_an_unknown_option_is_refused_in_one_line(capsys: Captured, name: str) -> None:
    """With where to read what there is, and exit code 2."""
    needed = {"compare": ["a", "b"], "advise": ["mine:work"]}.get(name, [])
    assert main([name, *needed, "--bogus"]) == 2
    assert capsys.readouterr() == ("", f"unrecognized arguments: --bogus; see breakeven {name} --help\n")


@pytest.mark.parametrize("name", ["show", "status"])
def test_a_refusal_is_printed_whichever_command_refuses(
    capsys: Captured, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    """One line, and exit code 2."""
    monkeypatch.chdir(str(tmp_path))
    assert main([name, "nowhere"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("no results folder at nowhere")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(("name", "code"), [("run", 1), ("advise", 1), ("show", 2)])
def test_a_sweep_keeps_its_exit_code_where_its_summary_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    """Its results are in files, of a race as well; a command whose output is its product has failed."""
    monkeypatch.setattr(command, "load", lambda _: lambda _: 1)
    monkeypatch.setattr(command, "_is_written", lambda: False)
    assert command.call(name, []) == code

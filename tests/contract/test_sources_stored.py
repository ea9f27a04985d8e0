"""The stored forms of modules and packages: they are read back, and only what differs is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from breakeven.base import packages
from breakeven.base.modules import Module, describe_change, differing, mixed, read, write

DIGESTS = st.sampled_from([digit * 16 for digit in "0123"])
FILES = st.dictionaries(st.text(min_size=1), st.builds(Module, DIGESTS, st.booleans()), max_size=5)


@given(FILES)
def test_what_is_written_of_modules_is_read_back(files: dict[str, Module]) -> None:
    """Whatever characters a name has, and one line a file."""
    assert read(write(files)) == files
    assert len(write(files).encode().splitlines()) == len(files)


@given(FILES, FILES)
def test_every_file_whose_content_differs_is_told_and_no_other(
    before: dict[str, Module], now: dict[str, Module]
) -> None:
    """A file that only moved may be left out; one with another content under its name never is."""
    one, other = map(read, differing(write(before), write(now)))
    changed = {name for name in before if name in now and before[name].digest != now[name].digest}
    assert {name for name in one if name in other} == changed
    assert not [name for name in (*one, *other) if name in before and name in now and name not in changed]
    assert bool(describe_change(write(one), write(other))) == bool(one or other)
    assert changed <= mixed([write(before), write(now)])


def test_a_file_under_another_name_is_the_same() -> None:
    """A folder that moved changes nothing."""
    one, other = ({name: Module("1" * 16)} for name in ("../lib/a.py", "/opt/lib/a.py"))
    assert differing(write(one), write(other)) == ("", "")


def test_a_package_has_one_name_in_all_its_spellings() -> None:
    """Versions are compared by it."""
    before, now = (
        packages.read(text) for text in ("typing_extensions 4.0\nnumpy==1.26", "Typing-Extensions 4.0")
    )
    assert packages.describe_change(*packages.differing(before, now)) == "numpy 1.26, now none"

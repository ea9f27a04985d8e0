"""Contract of files that are written aside: whole or absent, and nothing is left beside them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from breakeven.base.aside import written_aside
from breakeven.base.layout import is_part


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    """Until then the old one is there, and what is written beside it is known as a part."""
    path = tmp_path / "page.html"
    path.write_text("old")
    with written_aside(path) as aside:
        aside.write_text("new")
        assert is_part(aside.name)
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [*tmp_path.iterdir()] == [path]


def test_what_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """Whatever ends the block, the part is deleted."""
    path = tmp_path / "page.html"
    path.write_text("old")

    def ended_by_ctrl_c() -> None:
        with written_aside(path) as aside:
            aside.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ended_by_ctrl_c()
    assert path.read_text() == "old"
    assert [*tmp_path.iterdir()] == [path]


def test_a_place_that_cannot_be_taken_leaves_nothing_beside_it(tmp_path: Path) -> None:
    """A folder stands there."""
    path = tmp_path / "page.html"
    path.mkdir()
    with pytest.raises(IsADirectoryError), written_aside(path) as aside:
        aside.write_text("new")
    assert [*tmp_path.iterdir()] == [path]


def test_a_link_stays_and_leads_to_the_new_file(tmp_path: Path) -> None:
    """Also if it led nowhere yet."""
    page, latest = tmp_path / "page.html", tmp_path / "latest.html"
    latest.symlink_to(page.name)
    for text in ("first", "second"):
        with written_aside(latest) as aside:
            aside.write_text(text)
        assert latest.is_symlink()
        assert page.read_text() == text
    assert {*tmp_path.iterdir()} == {page, latest}


def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    """A pipe that somebody reads, as a shell makes one for ``--output >(gzip)``, and a device behind a link."""
    pipe, null = tmp_path / "pipe", tmp_path / "null"
    os.mkfifo(pipe)
    null.symlink_to(os.devnull)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        for place in (pipe, null):
            with written_aside(place) as aside:
                aside.write_bytes(b"page")
        assert os.read(reader, 9) == b"page"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert null.is_char_device()
    assert {*tmp_path.iterdir()} == {pipe, null}

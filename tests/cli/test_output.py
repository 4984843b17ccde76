"""Files are written whole or not at all, errors are single short lines, and a reader that leaves is no error."""

import io
import os
import stat
import subprocess
import sys
import time

import pytest

from alignment.cli import output
from alignment.cli.output import complain, one_line, progress, refuse_unwritable, write_whole
from alignment.errors import UsageError


@pytest.mark.parametrize(("text", "line"), [
    ("a  b\nc\td", "a b c d"), ("x\x1b[31mred\x00", "x [31mred"), ("y" * 300, "y" * 300), ("y" * 301, "y" * 299 + "…"),
])  # fmt: skip
def test_an_error_is_one_printable_line_of_at_most_300_characters(text, line):
    assert one_line(text) == line


def test_each_error_has_its_line_on_stderr(capsys):
    complain(["first\nstill first", "second"])
    assert capsys.readouterr().err == "first still first\nsecond\n"


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path):
    target = tmp_path / "out.json"
    target.write_bytes(b"old")
    target.chmod(0o640)
    write_whole(str(target), b"new")
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["out.json"]


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "real", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_whole(str(link), b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"


def test_a_new_file_can_be_read_by_others_as_far_as_the_umask_allows(tmp_path):
    before = os.umask(0o022)
    try:
        write_whole(str(tmp_path / "out"), b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o644


def test_a_device_is_written_to():
    write_whole("/dev/null", b"x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_beside_it(tmp_path, monkeypatch):
    target = tmp_path / "out"
    target.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UsageError, match="no space left on device"):
        write_whole(str(target), b"new")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out"]


def test_where_nothing_can_be_written_is_said_before_work_begins(tmp_path):
    source = tmp_path / "initiative.yaml"
    source.write_text("accord: 1")
    with pytest.raises(UsageError, match="there is no folder"):
        refuse_unwritable(str(tmp_path / "none" / "out"), [])
    with pytest.raises(UsageError, match="this is a folder"):
        refuse_unwritable(str(tmp_path), [])
    with pytest.raises(UsageError, match="would overwrite the input"):
        refuse_unwritable(f"{tmp_path}/./initiative.yaml", [str(source)])
    refuse_unwritable(str(tmp_path / "out"), [str(source)])


def test_a_reader_that_went_away_is_no_error():
    run = subprocess.run(
        f"{sys.executable} -m alignment schema | head -c 10", shell=True, capture_output=True, text=True, timeout=60
    )
    assert run.stdout == '{\n  "$sche'
    assert run.stderr == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_only_when_work_is_long_and_is_cleared(monkeypatch):
    monkeypatch.setattr(output, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress("Checking a.yaml"):
        time.sleep(0.2)
    said = sys.stderr.getvalue()
    assert said.startswith("\rChecking a.yaml … 0 s")
    assert said.endswith("\r" + " " * len("Checking a.yaml … 0 s") + "\r")


def test_no_progress_for_short_work_when_quiet_or_without_a_terminal(monkeypatch):
    for stream, wanted in ((Terminal(), True), (Terminal(), False), (io.StringIO(), True)):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress("Checking", wanted):
            pass
        assert stream.getvalue() == ""

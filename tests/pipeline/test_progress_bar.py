"""What a person sees of a long file, on a terminal and in a log."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

from reviewlens import progress
from reviewlens.pipeline.commands import progress_bar

PROGRAM = """
from reviewlens import progress
from reviewlens.pipeline.commands.progress_bar import progress_bar
with progress_bar(2000, "reviews"):
    for done in range(1, 2001):
        progress.report(done)
"""


def test_a_terminal_shows_a_bar():
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", PROGRAM],
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert "2,000/2,000 reviews, " in shown and " a second" in shown
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in shown


def test_a_log_gets_a_line_now_and_then(capsys, monkeypatch):
    with progress_bar.progress_bar(2000, "reviews"):
        progress.report(1)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress_bar, "_SECONDS_BETWEEN_LINES", 0.0)
    with progress_bar.progress_bar(2000, "reviews"):
        progress.report(1000)
    told = capsys.readouterr().err
    assert re.fullmatch(r"1,000/2,000 reviews, [0-9,]+ a second\n", told)
    with progress_bar.progress_bar(None, "rows"):
        progress.report(1000)
    assert re.fullmatch(r"1,000 rows, [0-9,]+ a second\n", capsys.readouterr().err)

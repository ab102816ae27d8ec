"""The notebooks run as they are, on the reviews that come with the package, and offline."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.timeout(1200)
def test_every_notebook_runs_and_is_kept_as_it_was_written(tmp_path, repository):
    folder = shutil.copytree(repository / "notebooks", tmp_path / "notebooks")
    script = repository / "scripts" / "run-notebooks"
    outcome = subprocess.run(
        [sys.executable, script, folder], cwd=tmp_path, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stderr

    names = sorted(path.name for path in folder.iterdir())
    assert names == ["keras_parts.ipynb", "serve_and_explain.ipynb", "train_and_look.ipynb"]
    for name in names:
        now, kept = (
            json.loads((place / name).read_text(encoding="utf-8"))
            for place in (folder, repository / "notebooks")
        )
        # Digits of results may differ between machines, but not what has one.
        shape = [[len(cell.get("outputs", ())) for cell in each["cells"]] for each in (now, kept)]
        assert shape[0] == shape[1], name
        for each in (now, kept):
            for cell in each["cells"]:
                cell["outputs"] = []
        assert now == kept, name
    assert (tmp_path / "runs" / "notebooks" / "report.html").exists()

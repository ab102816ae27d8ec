"""Making the environment runs nothing but what the lock's hashes are of."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("package", ["uv", "setuptools"])
def test_what_installs_and_builds_the_rest_is_refused_with_another_hash(
    package, repository, tmp_path
):
    (tmp_path / "scripts").mkdir()
    shutil.copy(repository / "scripts" / "setup-venv", tmp_path / "scripts")
    lock = (repository / "requirements.lock").read_text()
    block = re.search(rf"^{package}==.*(?:\n    --hash.*)+", lock, re.M)[0]
    forged = re.sub("sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", block)
    (tmp_path / "requirements.lock").write_text(lock.replace(block, forged))

    outcome = subprocess.run(
        [tmp_path / "scripts" / "setup-venv"], cwd=tmp_path, capture_output=True, text=True
    )

    assert outcome.returncode != 0
    assert "DO NOT MATCH THE HASHES" in outcome.stderr
    assert not (tmp_path / ".venv" / "bin" / "uv").exists()
    assert not (tmp_path / ".venv" / ".installed").exists()

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def test_imports_only_go_down_the_floors():
    command = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run([str(command)], cwd=REPOSITORY, capture_output=True, text=True)

    assert outcome.returncode == 0, outcome.stdout


def test_importing_a_room_or_the_command_line_loads_nothing_heavy():
    program = (
        "import sys, reviewlens.models, reviewlens.serving, reviewlens.components\n"
        "import reviewlens.pipeline.config, reviewlens.pipeline.cli\n"
        "heavy = {'tensorflow', 'keras', 'tfx', 'apache_beam', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_public_name_of_a_room_exists():
    program = (
        "import importlib\n"
        "for room in ('files', 'models', 'serving', 'components', 'pipeline'):\n"
        "    module = importlib.import_module(f'reviewlens.{room}')\n"
        "    assert module.__all__, room\n"
        "    for name in module.__all__:\n"
        "        getattr(module, name)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)

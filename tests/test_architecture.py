from __future__ import annotations

import collections
import re
import subprocess
import sys
from pathlib import Path

import grimp

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
    names = [".".join(["reviewlens", *folder.parts]) for folder in lazy_folders()]
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    module = importlib.import_module(name)\n"
        "    assert module.__all__, name\n"
        "    for exported in module.__all__:\n"
        "        assert not isinstance(getattr(module, exported), type(sys)), exported\n"
    )
    subprocess.run([sys.executable, "-c", program, *names], check=True, capture_output=True)


def test_what_a_folder_exports_lazily_is_what_its_stub_says():
    for folder in lazy_folders():
        code = (REPOSITORY / folder / "__init__.py").read_text(encoding="utf-8")
        assert "= lazy.attach_stub(__name__, __file__)" in code, folder


def lazy_folders() -> list[Path]:
    """The folders of the package whose names are imported when they are first used."""
    rooms = [REPOSITORY, *(path.parent for path in REPOSITORY.glob("*/__init__.py"))]
    files = [room / "__init__.py" for room in rooms]
    files += [file for room in rooms[1:] for file in room.glob("*/**/__init__.py")]
    ours = [file for file in files if "lazy_loader" in file.read_text(encoding="utf-8")]
    return [file.parent.relative_to(REPOSITORY) for file in ours]


def test_what_the_fast_tier_names_is_there():
    names = (REPOSITORY / "tests" / "fast.txt").read_text(encoding="utf-8").split()
    assert names and [name for name in names if not (REPOSITORY / name).exists()] == []


def drawings() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The rooms of each floor and the arrows between rooms, as docs/architecture.md draws them."""
    page = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    house, arrows = re.findall(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[:2]
    floors = {
        floor: set(rooms.split())
        for floor, rooms in re.findall(r"^[1-9]  (\w+) *\|(.*)$", house, re.MULTILINE)
    }
    uses = re.findall(r"^(\S+) *-> (.+)$", arrows, re.MULTILINE)
    return floors, {room: set(used.split(", ")) for room, used in uses}


def test_the_drawn_rooms_are_those_on_disk():
    floors, _ = drawings()
    packages = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")}

    assert set(floors) == packages - {"tests", "benchmarks"}
    for floor, rooms in floors.items():
        found = {path.parent.name for path in (REPOSITORY / floor).glob("*/__init__.py")}
        assert rooms == found, floor


def test_the_drawn_arrows_are_the_imports_between_rooms():
    floors, arrows = drawings()
    known = {f"{floor}.{room}" for floor, rooms in floors.items() for room in rooms}

    def room_of(module: str) -> str:
        _, *path = module.split(".")
        return room if (room := ".".join(path[:2])) in known else "".join(path[:1])

    found = collections.defaultdict(set)
    graph = grimp.build_graph("reviewlens")
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            if room_of(imported).split(".")[0] in floors and room_of(importer) != room_of(imported):
                found[room_of(importer)].add(room_of(imported))
    drawn = "\n".join(
        f"{room:<30} -> {', '.join(sorted(used))}" for room, used in sorted(found.items())
    )
    assert arrows == found, f"docs/architecture.md is to say\n{drawn}"

"""`python toys.py COMMAND …` is `reviewlens COMMAND …` that knows the toys of the tests, too.

A task, a family of encoders and a format, each where the tests of its floor keep it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reviewlens.pipeline.cli import main

TESTS = Path(__file__).resolve().parents[1]


def register() -> None:
    """Makes all toys known to this process."""
    import toy_format  # noqa: F401
    import toy_task
    from toy_family.conversion import FAMILY

    from reviewlens.models import register_family

    toy_task.register()
    register_family(FAMILY)


if __name__ == "__main__":
    sys.path += [str(TESTS), str(TESTS / "files"), str(TESTS / "models" / "encoders")]
    register()
    sys.exit(main())

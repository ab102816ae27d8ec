"""`python -m toy_task.run COMMAND …` is `reviewlens COMMAND …` that knows the toy task, too."""

from __future__ import annotations

import sys

import toy_task
from reviewlens.pipeline.cli import main

if __name__ == "__main__":
    toy_task.register()
    sys.exit(main())

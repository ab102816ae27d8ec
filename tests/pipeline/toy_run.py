"""`python toy_run.py OUTPUT MOOD` runs the toy pipeline as `reviewlens run` runs the real one."""

from __future__ import annotations

import sys

from reviewlens.errors import ReviewlensError
from reviewlens.pipeline.interrupts import ending_promptly
from reviewlens.pipeline.local.runner import run_pipeline

output, mood = sys.argv[1:]


def build():
    import toy_pipeline

    return toy_pipeline.build(output, total=mood)


try:
    with ending_promptly("goodbye"):
        run_pipeline(build, output)
except ReviewlensError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(error.exit_code)

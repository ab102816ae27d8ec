"""`unshare -Urm python full_disk.py FOLDER SOURCE…` fetches encoders onto a disk of 300 KB."""

from __future__ import annotations

import os
import subprocess
import sys

from reviewlens.errors import RunError
from reviewlens.models import fetch_encoder

folder, *sources = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tiny", folder], check=True)
for source in sources:
    try:
        fetch_encoder(source, os.path.join(folder, "encoder"))
    except RunError as error:
        print(error)
    print(os.listdir(folder))

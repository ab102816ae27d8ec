"""`unshare -Urm python full_disk.py FOLDER SOURCE…` brings encoders to a disk of 300 KB.

It fetches each of them, and then writes the first one as one that was trained.
"""

from __future__ import annotations

import os
import subprocess
import sys

from reviewlens.errors import RunError
from reviewlens.files import is_disk_full
from reviewlens.models import fetch_encoder, load_encoder, write_encoder

folder, *sources = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tiny", folder], check=True)
for source in sources:
    try:
        fetch_encoder(source, os.path.join(folder, "encoder"))
    except RunError as error:
        print(error)
    print(os.listdir(folder))
try:
    write_encoder(load_encoder(sources[0]), os.path.join(folder, "encoder"))
except Exception as error:
    print(is_disk_full(error))
print(os.listdir(folder))

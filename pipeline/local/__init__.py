"""The runner on this machine: display, records, integrity, lock."""

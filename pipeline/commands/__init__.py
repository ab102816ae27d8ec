"""The commands, one file each: `SUMMARY`, `make_parser()` and `execute(arguments)`."""

import importlib

_NAMES = (
    "init",
    "run",
    "pretrain",
    "report",
    "debug",
    "validate",
    "schema",
    "predict",
    "evaluate",
    "serve",
    "export-serving",
    "compile",
    "submit",
    "encoders",
    "runs",
)

# In the order of `reviewlens --help`. A command's file has its name, with underscores.
COMMANDS = {
    name: importlib.import_module(f"{__name__}.{name.replace('-', '_')}") for name in _NAMES
}

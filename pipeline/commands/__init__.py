"""The commands, one file each: `SUMMARY`, `make_parser()` and `execute(arguments)`."""

from . import encoders, predict, run, validate

COMMANDS = {"run": run, "validate": validate, "predict": predict, "encoders": encoders}

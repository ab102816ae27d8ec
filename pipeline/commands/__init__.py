"""The commands, one file each: `SUMMARY`, `make_parser()` and `execute(arguments)`."""

from . import encoders, export_serving, predict, run, serve, validate

COMMANDS = {
    "run": run,
    "validate": validate,
    "predict": predict,
    "serve": serve,
    "export-serving": export_serving,
    "encoders": encoders,
}

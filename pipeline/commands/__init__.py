"""The commands, one file each: `SUMMARY`, `make_parser()` and `execute(arguments)`."""

from . import compile, encoders, export_serving, predict, run, serve, submit, validate

COMMANDS = {
    "run": run,
    "validate": validate,
    "predict": predict,
    "serve": serve,
    "export-serving": export_serving,
    "compile": compile,
    "submit": submit,
    "encoders": encoders,
}

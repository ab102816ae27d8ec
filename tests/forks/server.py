"""Forks programs from a process that has imported what they import, which takes each seconds.

    python server.py FOLDER

puts `python` and `reviewlens` into the folder, which are `client.py`, says "ready" once it has
imported TensorFlow and TFX, and ends when its standard input does. It computes nothing itself, so
that it can be forked. Whoever starts one of the two gets a fork that has their arguments,
environment, folder and open streams, and whose `sys.executable` is that `python`: what they start
in turn is forked, too. They are no parents of the forks: the memory and the time of the processor
that the system counts for them is theirs alone. And nothing shows that a program misses an import.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from pathlib import Path

from reviewlens.pipeline.ending import run_and_end
from reviewlens.pipeline.environment import prepare_environment

CLIENT = Path(__file__).with_name("client.py")
IMPORTED = [
    # Whose children are those of the real interpreter.
    "multiprocessing.spawn",
    "tensorflow_text",
    "tensorflow_model_analysis",
    "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor",
    "reviewlens.pipeline.graphs.reviews",
    "reviewlens.pipeline.local.runner",
]


def main() -> int:
    """Serves, and in a fork runs its program; returns the exit code."""
    folder = Path(sys.argv[1])
    # As commands do before they import them.
    prepare_environment()
    for module in IMPORTED:
        importlib.import_module(module)
    program = CLIENT.read_text(encoding="utf-8")
    for name in ("python", "reviewlens"):
        (folder / name).write_text(f"#!{sys.executable} -IS\n{program}", encoding="utf-8")
        (folder / name).chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
        listening.listen()
        print("ready", flush=True)
        request = _serve(listening)
    if request is not None:
        # Of this script.
        del sys.path[0]
        _become(folder, **request)
    return 0


def _serve(listening: socket.socket) -> dict | None:
    """Forks and tells how forks end; returns in a fork what it is to run, and at the end None."""
    events = selectors.DefaultSelector()
    events.register(listening, selectors.EVENT_READ)
    events.register(sys.stdin, selectors.EVENT_READ)
    # By process, who asked for it and what tells of its end.
    running: dict[int, tuple[socket.socket, int]] = {}
    while True:
        for event, _ in events.select():
            if event.fileobj is sys.stdin:
                return None
            if event.fileobj is listening:
                connection, _ = listening.accept()
                request, streams = _receive(connection)
                process = os.fork()
                if process == 0:
                    events.close()
                    for other, end in [*running.values(), (connection, None)]:
                        other.close()
                        if end is not None:
                            os.close(end)
                    for number, stream in enumerate(streams):
                        os.dup2(stream, number)
                        os.close(stream)
                    return request
                for stream in streams:
                    os.close(stream)
                connection.sendall(b"%d\n" % process)
                end = os.pidfd_open(process)
                running[process] = connection, end
                events.register(end, selectors.EVENT_READ, process)
                events.register(connection, selectors.EVENT_READ, process)
            elif event.data in running:
                process = event.data
                connection, end = running[process]
                if event.fileobj is connection:
                    # Whoever asked is gone, by a signal that nobody can pass on.
                    events.unregister(connection)
                    connection.close()
                    os.kill(process, signal.SIGKILL)
                    continue
                _, status = os.waitpid(process, 0)
                events.unregister(end)
                os.close(end)
                if connection.fileno() >= 0:
                    events.unregister(connection)
                    with contextlib.suppress(BrokenPipeError):
                        connection.sendall(b"%d\n" % status)
                    connection.close()
                del running[process]


def _receive(connection: socket.socket) -> tuple[dict, list[int]]:
    message, streams, _, _ = socket.recv_fds(connection, 65536, 3)
    while not message.endswith(b"\n"):
        if not (more := connection.recv(1 << 20)):
            raise EOFError("whoever asked for a program is gone")
        message += more
    return json.loads(message), list(streams)


def _become(
    folder: Path, program: str, arguments: list[str], cwd: str, environment: dict[str, str]
) -> None:
    """Does what the interpreter does with arguments, or the command."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.executable = str(folder / "python")
    if program == "reviewlens":
        from reviewlens.pipeline.cli import main

        sys.argv = [program, *arguments]
        sys.exit(main())
    if arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        sys.path.insert(0, "")
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})
    elif arguments[0] == "-m":
        sys.argv = arguments[1:]
        sys.path.insert(0, "")
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path.insert(0, os.path.dirname(os.path.abspath(arguments[0])))
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    # To take apart what it shares with others takes a fork three seconds.
    run_and_end(main)

"""What stands for `python` and `reviewlens` and has `server.py` fork them."""

import json
import os
import signal
import socket
import sys

PASSED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Asks for a fork, passes signals on to it and ends as it does; returns its exit code."""
    path, *arguments = sys.argv
    request = {
        "program": os.path.basename(path),
        "arguments": arguments,
        "cwd": os.getcwd(),
        "environment": dict(os.environ),
    }
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(os.path.join(os.path.dirname(os.path.realpath(path)), "socket"))
        message = json.dumps(request).encode() + b"\n"
        sent = socket.send_fds(server, [message], [0, 1, 2])
        server.sendall(message[sent:])
        answers = server.makefile()
        process = int(answers.readline())
        for number in PASSED_ON:
            signal.signal(number, lambda number, frame: os.kill(process, number))
        code = os.waitstatus_to_exitcode(int(answers.readline()))
    if code < 0:
        for number in PASSED_ON:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main())

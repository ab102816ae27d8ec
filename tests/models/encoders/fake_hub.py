"""A server that speaks as the Hugging Face Hub does, as far as its library asks for a model."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import http.server
import json
import re
import threading
from pathlib import Path


@dataclasses.dataclass
class Repository:
    """What the server has of a model: the content of its files by branch and commit."""

    folder: Path
    commit: str = "a" * 40
    gated: bool = False
    token: str | None = None

    def files(self) -> dict[str, Path]:
        """Path by name."""
        return {
            path.relative_to(self.folder).as_posix(): path
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


class FakeHub:
    """The part of the Hugging Face Hub's HTTP API that its library asks for a model.

    Attributes:
        address: For `HF_ENDPOINT`.
        repositories: By `owner/name`.
        asked: `METHOD path` of every request.
    """

    def __init__(self):
        self.repositories: dict[str, Repository] = {}
        self.asked: list[str] = []
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                hub.answer(self)

            do_HEAD = do_GET

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def add(self, model: str, folder: Path) -> Repository:
        """Has a folder as a model from now on."""
        self.repositories[model] = Repository(folder)
        return self.repositories[model]

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        self.asked.append(f"{request.command} {path}")
        found = re.fullmatch(
            r"/api/models/([^/]+/[^/]+)/(revision|tree)/([^/]+)|/([^/]+/[^/]+)/resolve/([^/]+)/(.+)",
            path,
        )
        if not found:
            return self._refuse(request, 404, "")
        model, api, revision = found[1] or found[4], found[2], found[3] or found[5]
        repository = self.repositories.get(model)
        sent = request.headers.get("Authorization", "")
        if not repository or (repository.token and sent != f"Bearer {repository.token}"):
            return self._refuse(request, 404 if repository is None else 401, "RepoNotFound")
        if repository.gated:
            return self._refuse(request, 403, "GatedRepo")
        if revision not in ("main", repository.commit):
            return self._refuse(request, 404, "RevisionNotFound")
        files = repository.files()
        if api == "revision":
            siblings = [{"rfilename": name} for name in files]
            facts = {"id": model, "modelId": model, "sha": repository.commit, "siblings": siblings}
            return self._send(request, json.dumps(facts).encode())
        if api == "tree":
            tree = [
                {"type": "file", "path": name, "size": file.stat().st_size, "oid": _etag(file)}
                for name, file in files.items()
            ]
            return self._send(request, json.dumps(tree).encode())
        if found[6] not in files:
            return self._refuse(request, 404, "EntryNotFound")
        file = files[found[6]]
        headers = {"ETag": f'"{_etag(file)}"', "X-Repo-Commit": repository.commit}
        return self._send(request, file.read_bytes(), headers)

    def _send(self, request, content: bytes, headers=None, status: int = 200) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            # Who only wanted to see the beginning may have gone.
            with contextlib.suppress(ConnectionError):
                request.wfile.write(content)

    def _refuse(self, request, status: int, code: str) -> None:
        self._send(request, b"{}", {"X-Error-Code": code} if code else {}, status)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def _etag(file: Path) -> str:
    return hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()

"""The built web app: hashed files for ever, `index.html` never from a cache, and for every address of the app."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from fastapi import Request
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
INDEX = "index.html"
IMMUTABLE = "public, max-age=31536000, immutable"
HASHED_FOLDER = "assets/"

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>DataFlow AI is not built</title>
<body style="font:16px system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem">
<h1>The web app is not built</h1>
<p>DataFlow AI is installed and its API answers, but the files of its screens are missing from this installation.</p>
<p>In a checkout, build them with <code>python hatch_build.py build</code>, or install the package again with
<code>pip install .</code>; both bring the Node they need. Then load this page again.</p></body></html>
"""


def create_web_app(static: Path = STATIC) -> Starlette:
    """Return the application that serves the files in `static`."""
    files = StaticFiles(directory=static, check_dir=False)

    async def serve(request: Request) -> Response:
        path = request.path_params["path"]
        if not (static / INDEX).is_file():
            return HTMLResponse(_NOT_BUILT, status_code=503)
        if path and path != INDEX:
            try:
                return await _serve_file(files, path, request)
            except HTTPException as exc:
                if exc.status_code != 404 or path.startswith(HASHED_FOLDER):
                    raise
        return serve_index(static)

    return Starlette(routes=[Route("/{path:path}", serve, methods=["GET", "HEAD"])])


def serve_index(static: Path) -> FileResponse:
    """Return the page that every address of the app starts with."""
    index = static / INDEX
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": content_policy(index, index.stat().st_mtime_ns)}
    return FileResponse(index, headers=headers)


@lru_cache(maxsize=4)
def content_policy(index: Path, _mtime_ns: int) -> str:
    """Return what the page may load: our own files, sockets to us, and its own inline scripts by their hash."""
    scripts = _INLINE_SCRIPT.findall(index.read_text(encoding="utf-8"))
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["script-src 'self'", *(f"'sha256-{digest}'" for digest in hashes)]),
            "style-src 'self' 'unsafe-inline'",  # the kit writes its styles into the page
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        ]
    )


async def _serve_file(files: StaticFiles, path: str, request: Request) -> Response:
    response = await files.get_response(path, request.scope)
    response.headers["Cache-Control"] = IMMUTABLE if path.startswith(HASHED_FOLDER) else "no-cache"
    return response

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
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from dataflow_provider.api.guard import NO_STORE
from dataflow_provider.api.paths import APP, MOUNT, base_path

STATIC = Path(__file__).parent / "static"
INDEX = "index.html"
IMMUTABLE = "public, max-age=31536000, immutable"
HASHED_FOLDER = "assets/"

# As the build writes it; a deep link would otherwise look for its files beside itself.
_BASE = f'<base href="{MOUNT}{APP}/"'
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


def serve_index(static: Path) -> HTMLResponse:
    """Return the page that every address of the app starts with, based on where the server lies."""
    index = static / INDEX
    text, policy = read_index(index, index.stat().st_mtime_ns, base_path())
    return HTMLResponse(text, headers={"Cache-Control": NO_STORE, "Content-Security-Policy": policy})


@lru_cache(maxsize=4)
def read_index(index: Path, _mtime_ns: int, prefix: str) -> tuple[str, str]:
    """Return the page with its base below `prefix`, and the policy that names its inline scripts."""
    text = index.read_text(encoding="utf-8").replace(_BASE, f'<base href="{prefix}{MOUNT}{APP}/"', 1)
    return text, content_policy(text)


def content_policy(page: str) -> str:
    """Return what the page may load: our own files, sockets to us, and its own inline scripts by their hash."""
    scripts = _INLINE_SCRIPT.findall(page)
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
    # A worker is bound by the policy its own script came with, and loads further scripts of ours.
    response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'self'"
    return response

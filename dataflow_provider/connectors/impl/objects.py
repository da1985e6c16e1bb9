"""Object stores: S3 and what speaks like it, Google Cloud Storage, Azure. Found by listing, read in ranges, put whole.

Source: docs of the `obstore` package, which brings one client for all three; no SDK of a vendor is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import obstore
from obstore import exceptions

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.engine_errors import Kind, VendorError, tls_error
from dataflow_provider.connectors.impl.object_fields import StoreFields, fields_of
from dataflow_provider.connectors.stores import StoredFile, StoreError, changed, fixed_part, glob_expression, is_glob

MULTIPART_BYTES = 8 * 1024 * 1024
_LISTED_AT_ONCE = 1_000
# A server that is away for longer is the next try's.
_RETRIES: dict[str, Any] = {
    "max_retries": 4,
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=5), "base": 2},
    "retry_timeout": timedelta(seconds=60),
}
_WRONG_KEYS = re.compile(
    r"\b(?:InvalidAccessKeyId|SignatureDoesNotMatch|AuthFailure|InvalidAuthenticationInfo|AuthenticationFailed|"
    r"AuthorizationFailure)\b"
)
# What obstore says: the steps, the request with its address, the reason, and far below them its debug text.
_SAID = re.compile(r".*?Error performing [A-Z]+ \S+ in .*? - (?P<reason>.*)", re.DOTALL)
_SAID_WITHOUT_ADDRESS = re.compile(r"Generic \S+ error: (?:Error [a-z ]+: )*(?P<reason>.*)", re.DOTALL)
_ASKED = re.compile(r"Error performing [A-Z]+ (\S+) in ")
_DEBUG = "\n\nDebug source:"
_IN_XML = re.compile(r"<Code>(?P<code>\w+)</Code>\s*(?:<Message>(?P<message>[^<\n]*))?")
_NO_ANSWER = "HTTP error: "
_STATUS_WORDS = "Server returned non-2xx status code: "
_STATUS = re.compile(rf"{_STATUS_WORDS}(?P<status>\d{{3}} .*?): ")
_ASKS_TO_WAIT = ("429", "503")


@dataclass
class ObjectStore:
    """The buckets that a connection reaches; one client each, opened when it is first needed."""

    connection: ConnectionSpec
    _clients: dict[str, Any] = field(default_factory=dict)

    def find(self, pattern: str) -> list[StoredFile]:
        client, key, base = self._split(pattern)
        if not is_glob(pattern):
            with _about(pattern):
                try:
                    return [_stored(base, obstore.head(client, key))]
                except FileNotFoundError:
                    return []
        wanted = glob_expression(key)
        found = (one for one in self.walk(base, fixed_part(key)) if wanted.fullmatch(one.path.removeprefix(base)))
        return sorted(found, key=lambda one: one.path)

    def kind_of(self, path: str) -> Literal["file", "folder"] | None:
        _, key, base = self._split(path)
        if key and self.find(path):
            return "file"
        return "folder" if next(self.walk(base, f"{key}/" if key else ""), None) else None

    def read_at(self, file: StoredFile, offset: int, length: int) -> bytes:
        client, key, _ = self._split(file.path)
        options: dict[str, Any] = {"range": (offset, offset + length)}
        if file.version:
            options["if_match"] = file.version
        with _about(file.path):
            return bytes(obstore.get(client, key, options=options).bytes())  # type: ignore[arg-type]  # keys are known

    def check_unchanged(self, file: StoredFile) -> None:
        """Every range was asked for of this version only."""

    def put(self, source: Path, path: str, mark: str) -> None:
        """A large file goes in parts; the object is there when all have come, and not before."""
        client, key, _ = self._split(path)
        with _about(path):
            obstore.put(client, key, source, chunk_size=MULTIPART_BYTES, max_concurrency=4)

    def walk(self, base: str, prefix: str) -> Iterator[StoredFile]:
        """Yield the objects below a prefix, but those that only stand for a folder."""
        client, _, _ = self._split(base)
        with _about(base + prefix):
            for block in obstore.list(client, prefix.rstrip("/") or None, chunk_size=_LISTED_AT_ONCE):
                for one in block:
                    if one["path"].startswith(prefix) and not one["path"].endswith("/"):
                        yield _stored(base, one)

    def _split(self, path: str) -> tuple[Any, str, str]:
        """Return the client of a path's bucket, the key in it, and what stands before the key."""
        parts = urlsplit(path, allow_fragments=False)
        key = path.partition("://")[2].partition("/")[2]
        base = f"{parts.scheme}://{parts.netloc}/"
        if base not in self._clients:
            self._clients[base] = _client(fields_of(self.connection, parts.scheme, parts.netloc), parts.netloc)
        return self._clients[base], key, base


def _client(given: StoreFields, bucket: str) -> Any:
    kinds = {"s3": obstore.store.S3Store, "gs": obstore.store.GCSStore, "az": obstore.store.AzureStore}
    options: dict[str, Any] = {"timeout": timedelta(seconds=60), "connect_timeout": timedelta(seconds=10)}
    options["allow_http"] = given.allow_http
    try:
        return kinds[given.scheme](bucket, config=given.config, client_options=options, retry_config=_RETRIES)
    except Exception as exc:  # obstore has errors of several kinds here, all about the fields
        text = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
        raise StoreError(VendorError(Kind.SETUP, "", text)) from exc


@contextmanager
def _about(path: str) -> Iterator[None]:
    """An error from inside names the object."""
    try:
        yield
    except (exceptions.BaseError, OSError) as exc:
        if isinstance(exc, exceptions.PreconditionError):
            raise changed(path) from exc
        raise StoreError(_error_of(exc, path)) from exc


def _error_of(exc: Exception, path: str) -> VendorError:
    """Judge by the class of the error and by its reason; the address before the reason holds words of the path."""
    code, reason = type(exc).__name__, _reason(exc)
    status = _status(reason)  # A listing that is refused comes without a class of its own.
    if _WRONG_KEYS.search(reason) or isinstance(exc, exceptions.UnauthenticatedError):
        return VendorError(
            Kind.LOGIN, code, f"`{path}`: the store does not take these keys", "Check login and password."
        )
    if isinstance(exc, exceptions.PermissionDeniedError | PermissionError) or status.startswith("403"):
        return VendorError(
            Kind.RIGHTS, code, f"`{path}`: permission denied", "Let these keys list, read and write there."
        )
    if isinstance(exc, exceptions.NotFoundError | FileNotFoundError) or status.startswith("404"):
        return VendorError(Kind.MISSING, code, f"there is no `{path}`", "Check the bucket and the name.")
    if reason.startswith(_NO_ANSWER):
        if (untrusted := tls_error(exc)) is not None:
            return replace(untrusted, text=f"`{path}`: {untrusted.text}{_asked(exc)}")
        hint = "Check `endpoint_url` and whether the store answers."
        return VendorError(Kind.UNREACHABLE, code, f"no answer for `{path}`{_asked(exc)}", hint)
    text, later = (
        f"`{path}`: the store answers {status}",
        "It is tried again; if it stays, ask those who run the store.",
    )
    if status.startswith(_ASKS_TO_WAIT):
        return VendorError(Kind.BUSY, code, text, later)
    if status.startswith("5"):
        return VendorError(Kind.UNREACHABLE, code, text, later)
    told = reason.replace(_STATUS_WORDS, "the store answers ") or "no reason is told"
    return VendorError(Kind.REFUSED, code, f"`{path}`: {told}")


def _status(reason: str) -> str:
    """Return the number and the name of what the store answered; "" when that is not told."""
    found = _STATUS.match(f"{reason} ")
    return found["status"] if found else ""


def _asked(exc: Exception) -> str:
    """Return which host did not answer, as a part of a sentence."""
    found = _ASKED.search(str(exc))
    host = urlsplit(found[1]).netloc.rpartition("@")[2] if found else ""
    return f" from `{host}`" if host else ""


def _reason(exc: Exception) -> str:
    """Return why, without the address that was asked; a file's error of this machine has no such form."""
    text = str(exc).partition(_DEBUG)[0]
    found = _SAID.match(text) or _SAID_WITHOUT_ADDRESS.match(text)
    reason = " ".join((found["reason"] if found else text).split())
    told = _IN_XML.search(reason)
    if told is None:
        return reason[:300]
    status = _STATUS.match(reason)
    said = ": ".join(part for part in (told["code"], (told["message"] or "").partition(" RequestId:")[0]) if part)
    return f"{status[0]}{said}" if status else said


def _stored(base: str, meta: Any) -> StoredFile:
    version = meta.get("e_tag") or meta.get("version") or ""
    return StoredFile(f"{base}{meta['path']}", meta["size"], version)

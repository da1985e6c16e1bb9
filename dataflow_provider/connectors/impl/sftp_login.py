"""A login to an SSH server by the fields of Airflow's SFTP and SSH connections, after the server's key was checked."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from pathlib import Path

import paramiko

from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.connectors.stores import StoreError

DEFAULT_PORT = 22
DEFAULT_TIMEOUT_S = 15.0
KEEPALIVE_S = 30
SILENCE_S = 120.0
_KEYS: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
# What would be ignored could open the connection in another way than its owner meant.
_REFUSED = ("host_proxy_cmd", "allow_host_key_change")


class LoginError(StoreError):
    """The login failed."""

    def __init__(self, kind: Kind, text: str, hint: str | None = None) -> None:
        super().__init__(VendorError(kind, "", text, hint))


def open_client(connection: ConnectionSpec) -> paramiko.SSHClient:
    """Return an open login.

    Raises:
        LoginError: with what to do about it.
    """
    extra, host, port = connection.extra, connection.host, connection.port or DEFAULT_PORT
    if not host:
        raise LoginError(Kind.SETUP, "it names no host")
    for name in _REFUSED:
        if extra.get(name):
            raise LoginError(Kind.SETUP, f"`{name}` of the extra is not taken", f"Delete `{name}` from the extra.")
    client = paramiko.SSHClient()
    _know_host(client, connection, host, port)
    timeout = float(extra.get("conn_timeout") or extra.get("timeout") or DEFAULT_TIMEOUT_S)
    try:
        client.connect(
            host, port, username=connection.login, password=connection.password, pkey=_private_key(connection),
            timeout=timeout, banner_timeout=timeout, auth_timeout=timeout, channel_timeout=timeout,
            # Nothing but what the connection says: no agent, no key that happens to lie in the worker's home.
            allow_agent=False, look_for_keys=_is_true(extra.get("look_for_keys")),
            disabled_algorithms=extra.get("disabled_algorithms"),
        )  # fmt: skip
    except Exception as exc:
        client.close()
        raise _failed(exc, connection, port) from exc
    transport = client.get_transport()
    if transport is not None:
        transport.set_keepalive(KEEPALIVE_S)
    return client


def _know_host(client: paramiko.SSHClient, connection: ConnectionSpec, host: str, port: int) -> None:
    extra = connection.extra
    unchecked = extra.get("no_host_key_check", extra.get("ignore_hostkey_verification"))
    given = str(extra.get("host_key") or "").split()
    if _is_true(unchecked):
        if given:
            raise LoginError(Kind.SETUP, "`host_key` and `no_host_key_check` contradict each other")
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        return
    client.set_missing_host_key_policy(_Refuse())
    if given:
        name = host if port == DEFAULT_PORT else f"[{host}]:{port}"
        kind, data = (given[0], given[1]) if len(given) > 1 else ("ssh-rsa", given[0])
        client.get_host_keys().add(name, kind, _public_key(f"{name} {kind} {data}"))
        return
    known = extra.get("known_hosts")
    try:
        client.load_system_host_keys(None if known is None else str(known))
    except OSError as exc:
        raise LoginError(Kind.SETUP, f"the file `{known}` of known hosts cannot be read: {exc.strerror}") from exc


def _public_key(line: str) -> paramiko.PKey:
    try:
        entry = paramiko.hostkeys.HostKeyEntry.from_line(line)
    except paramiko.SSHException:
        entry = None
    if entry is None or entry.key is None:
        raise LoginError(Kind.SETUP, "`host_key` of the extra is no public key such as `ssh-ed25519 AAAA…`")
    return entry.key


class _UnknownHostError(Exception):
    def __init__(self, key: paramiko.PKey) -> None:
        super().__init__("unknown host key")
        self.key = key


class _Refuse:
    """What paramiko asks about a server whose key is not known."""

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        raise _UnknownHostError(key)


def _private_key(connection: ConnectionSpec) -> paramiko.PKey | None:
    extra = connection.extra
    text, path = extra.get("private_key"), extra.get("key_file")
    if text and path:
        raise LoginError(Kind.SETUP, "`private_key` and `key_file` stand both in the extra", "Delete one of them.")
    if path:
        try:
            text = Path(str(path)).expanduser().read_text()
        except (OSError, UnicodeDecodeError) as exc:
            raise LoginError(Kind.SETUP, f"the key file `{path}` cannot be read") from exc
    if not text:
        return None
    phrase = extra.get("private_key_passphrase") or (connection.password if path else None)
    return _parsed(str(text), None if phrase is None else str(phrase))


def _parsed(text: str, phrase: str | None) -> paramiko.PKey:
    for kind in _KEYS:
        read: Callable[..., paramiko.PKey] = kind.from_private_key
        try:
            return read(io.StringIO(text.strip() + "\n"), password=phrase)
        except paramiko.PasswordRequiredException as exc:
            hint = "Add `private_key_passphrase` to the extra."
            raise LoginError(Kind.SETUP, "the private key needs a passphrase", hint) from exc
        except (paramiko.SSHException, ValueError):
            continue
    raise LoginError(
        Kind.SETUP, "the private key cannot be read with this passphrase; it must be an RSA, ECDSA or Ed25519 key"
    )


def _failed(exc: Exception, connection: ConnectionSpec, port: int) -> Exception:
    at = f"{connection.host}:{port}"
    if isinstance(exc, _UnknownHostError):
        shown = f"{exc.key.get_name()} {exc.key.get_base64()}"
        hint = (
            f"Compare this key with the server's owner, then put it into the extra as `host_key`, or into the worker's "
            f"known_hosts: `{shown}`."
        )
        return LoginError(Kind.SETUP, f"the key of `{at}` is not known (fingerprint {exc.key.fingerprint})", hint)
    if isinstance(exc, paramiko.BadHostKeyException):
        hint = "Ask the server's owner why. Only when the key was renewed: correct `host_key` or known_hosts."
        return LoginError(Kind.SETUP, f"`{at}` shows another key than the one that is known", hint)
    if isinstance(exc, paramiko.AuthenticationException):
        hint = "Check login, password or key of the connection."
        return LoginError(Kind.LOGIN, f"`{at}` refuses the login `{connection.login or ''}`", hint)
    if isinstance(exc, socket.gaierror):
        return LoginError(Kind.UNREACHABLE, f"the host `{connection.host}` has no address")
    if isinstance(exc, OSError | EOFError | paramiko.SSHException):
        return LoginError(
            Kind.UNREACHABLE, f"`{at}`: {' '.join(str(exc).split()) or 'the server closed the connection'}"
        )
    return exc


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"

"""Airflow's connections to AWS, Google Cloud and Azure as the settings of one client; what it cannot do is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dataflow_provider.connectors.connection_types import ConnectionType
from dataflow_provider.connectors.connections import ConnectionSpec
from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.connectors.stores import StoreError

SCHEMES: Mapping[str, ConnectionType] = {
    "s3": ConnectionType.AWS,
    "gs": ConnectionType.GOOGLE_CLOUD,
    "az": ConnectionType.WASB,
}
# Ways of logging in that Airflow's hooks know and this client does not; ignoring one would use other rights than meant.
_REFUSED = (
    "role_arn", "assume_role_method", "assume_role_kwargs", "profile_name", "impersonation_chain",
    "keyfile_secret_name", "credential_config_file", "managed_identity_client_id", "workload_identity_tenant_id",
    "connection_string",
)  # fmt: skip


@dataclass(frozen=True)
class StoreFields:
    """What a client of one bucket is opened with."""

    scheme: str
    config: Mapping[str, Any]
    allow_http: bool = False


def fields_of(connection: ConnectionSpec, scheme: str, bucket: str) -> StoreFields:
    """Return the settings for a bucket.

    Raises:
        StoreError: when the connection is of another store, or logs in by a way that is not known here.
    """
    wanted = SCHEMES.get(scheme)
    if wanted is None:
        raise _wrong(f"`{scheme}://` is no object store; {', '.join(f'`{one}://`' for one in SCHEMES)} are")
    if connection.conn_type != wanted:
        text = f"`{scheme}://` paths need a connection of type `{wanted}`, and this one is of `{connection.conn_type}`"
        raise _wrong(text, "Name another connection, or correct the path.")
    if not bucket:
        raise _wrong(f"the path names no bucket: write `{scheme}://bucket/…`")
    for name in _REFUSED:
        if _extra(connection, name):
            raise _wrong(f"`{name}` of the extra is not taken", "Use keys, or the identity of the worker.")
    made = {"s3": _aws, "gs": _google, "az": _azure}[scheme](connection)
    config = {name: value for name, value in made.items() if value not in (None, "")}
    address = str(config.get("endpoint") or config.get("base_url") or "")
    return StoreFields(scheme, config, allow_http=address.startswith("http://"))


def told_bucket(connection: ConnectionSpec) -> str | None:
    """Return the bucket that the connection itself names, for a test and a look; None when it names none."""
    service = _service(connection)
    name = service.get("bucket_name") or _extra(connection, "bucket_name") or _extra(connection, "container_name")
    return str(name) if name else None


def _aws(connection: ConnectionSpec) -> dict[str, Any]:
    service = _service(connection)
    return {
        "access_key_id": connection.login or _extra(connection, "aws_access_key_id"),
        "secret_access_key": connection.password or _extra(connection, "aws_secret_access_key"),
        "token": _extra(connection, "aws_session_token"),
        "region": _extra(connection, "region_name") or "us-east-1",
        "endpoint": service.get("endpoint_url") or _extra(connection, "endpoint_url"),
        "virtual_hosted_style_request": _extra(connection, "virtual_hosted_style"),
    }


def _google(connection: ConnectionSpec) -> dict[str, Any]:
    key = _extra(connection, "keyfile_dict")
    return {
        "service_account_key": json.dumps(key) if isinstance(key, Mapping) else key,
        "service_account": _extra(connection, "key_path"),
        "base_url": _extra(connection, "endpoint_url"),
        "skip_signature": True if _is_true(_extra(connection, "is_anonymous")) else None,
    }


def _azure(connection: ConnectionSpec) -> dict[str, Any]:
    host = connection.host or ""
    account = host.partition("://")[2].partition(".")[0] if "://" in host else host.partition(".")[0]
    tenant = _extra(connection, "tenant_id")
    return {
        "account_name": account or connection.login if tenant else connection.login or account,
        "account_key": None if tenant else connection.password or _extra(connection, "shared_access_key"),
        "client_id": connection.login if tenant else None,
        "client_secret": connection.password if tenant else None,
        "tenant_id": tenant,
        "sas_key": _extra(connection, "sas_token"),
        "endpoint": _extra(connection, "endpoint_url"),
    }


def _service(connection: ConnectionSpec) -> Mapping[str, Any]:
    found = connection.extra.get("service_config") or {}
    one = found.get("s3") if isinstance(found, Mapping) else None
    return one if isinstance(one, Mapping) else {}


def _extra(connection: ConnectionSpec, name: str) -> Any:
    """Return a field of the extra, which older connections spell with their type before it."""
    return connection.extra.get(name) or connection.extra.get(f"extra__{connection.conn_type}__{name}")


def _wrong(text: str, hint: str | None = None) -> StoreError:
    return StoreError(VendorError(Kind.SETUP, "", text, hint))


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"

"""The base of connectors to what runs no SQL: files, topics, services. They give and take Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dataflow_provider.connectors.connections import ConnectionSpec, without_secrets
from dataflow_provider.connectors.connector import ConnectorBase, S
from dataflow_provider.connectors.engine_errors import Kind, VendorError
from dataflow_provider.connectors.requests import SchemaEntry, SchemaPage, SchemaRequest


class NativeConnectorBase(ConnectorBase[S]):
    """A store or service whose rows enter an engine as a stage table, and leave it as Arrow batches.

    Wrap calls of a driver in `calling`, so that its errors come out as ours, without secrets.
    """

    def vendor_error(self, exc: Exception) -> VendorError | None:
        """Return what an error of the driver means, without values of rows; None when it is none of the driver's."""
        kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Kind], ...] = (
            ((ConnectionRefusedError, TimeoutError), Kind.UNREACHABLE),
            (ConnectionError, Kind.LOST),
            (PermissionError, Kind.RIGHTS),
            (FileNotFoundError, Kind.MISSING),
            (OSError, Kind.UNREACHABLE),
        )
        kind = next((kind for types, kind in kinds if isinstance(exc, types)), None)
        return None if kind is None else VendorError(kind, type(exc).__name__, " ".join(str(exc).split()))

    def address(self, connection: ConnectionSpec) -> str:
        """Return where the connection leads, for people who look for what is wrong; "" when that is not told."""
        return ":".join(str(part) for part in (connection.host, connection.port) if part)

    @contextmanager
    def calling(self, connection: ConnectionSpec) -> Iterator[None]:
        """Run calls of the driver.

        Raises:
            DataflowError: for each error that `vendor_error` knows; it names the connection and no secret of it.
        """
        try:
            yield
        except Exception as exc:
            found = self.vendor_error(exc)
            if found is None:
                raise
            text = without_secrets(found.text, connection, self.manifest.fields)
            where = self.address(connection)
            known = where in text or bool(connection.host and connection.host in text)
            told = VendorError(found.kind, found.code, text if known else f"{where}: {text}", found.hint)
            raise told.as_service_error(self.manifest.label, connection.conn_id) from None


def page_of(entries: Sequence[SchemaEntry], request: SchemaRequest) -> SchemaPage:
    """Return the page of the entries that a request asks for, for connectors whose service neither searches nor pages.

    >>> found = [SchemaEntry("topic", name, (name,)) for name in ("calls", "cdr", "users")]
    >>> page = page_of(found, SchemaRequest(search="C", limit=1))
    >>> [entry.name for entry in page.entries], page.more
    (['calls'], True)
    """
    wanted = [entry for entry in entries if request.search.casefold() in entry.name.casefold()]
    end = request.offset + request.limit
    return SchemaPage(tuple(wanted[request.offset : end]), len(wanted) > end)

"""The manifests of the product's own connectors, in the order of the palette; nothing here imports a driver."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dataflow_provider import __version__
from dataflow_provider.connectors.connection_types import ConnectionType
from dataflow_provider.spec.manifest import Capability, ConnectionField, ConnectorManifest, Maturity
from dataflow_provider.spec.nodes import FileSource, FileTarget, NodeBase, SourceBase, TargetBase
from dataflow_provider.spec.plugged import plugged_connectors
from dataflow_provider.spec.project import is_remote

DOCS, FILES_DOCS = "docs/connections.md", "docs/files.md"
IMPL = "dataflow_provider.connectors.impl"
DATABASE, WAREHOUSE, FILES, STREAM, SERVICE = "Databases", "Warehouses", "Files", "Streams", "Services"
_SQL = frozenset(
    {
        Capability.COLUMN_PROJECTION,
        Capability.PREDICATE_PUSHDOWN,
        Capability.PARTITIONED_READ,
        Capability.SCHEMA_DISCOVERY,
    }
)
_BULK = _SQL | {Capability.BULK_LOAD}
_FILE_ROWS = frozenset(
    {
        Capability.COLUMN_PROJECTION,
        Capability.PREDICATE_PUSHDOWN,
        Capability.BULK_LOAD,
        Capability.SCHEMA_DISCOVERY,
    }
)
_NO_SERVER = "not run against a live server"

_HOST = ConnectionField("host", "Host", required=True)
_PORT = ConnectionField("port", "Port", "integer")
_LOGIN = ConnectionField("login", "Login", required=True)
_PASSWORD = ConnectionField("password", "Password", secret=True)
_SERVER = (_HOST, _PORT, _LOGIN, _PASSWORD)


def _database(label: str) -> tuple[ConnectionField, ...]:
    return (*_SERVER, ConnectionField("schema", label))


def _file_of(engine: str, example: str) -> tuple[ConnectionField, ...]:
    description = f"Absolute path of the {engine} file; made when it is missing"
    return (ConnectionField("host", "Database file", required=True, placeholder=example, description=description),)


_MANIFESTS = (
    ConnectorManifest(
        name="teradata",
        label="Teradata",
        kind="sql",
        implementation=f"{IMPL}.teradata:TeradataConnector",
        description="Teradata Vantage by Airflow's TeradataHook",
        icon="teradata",
        category=WAREHOUSE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.TERADATA,),
        dialect="teradata",
        capabilities=_SQL,
        maturity=Maturity.CONTRACT_TESTED,
        tested_on=_NO_SERVER,
        fields=_database("Default database"),
    ),
    ConnectorManifest(
        name="snowflake",
        label="Snowflake",
        kind="sql",
        implementation=f"{IMPL}.snowflake:SnowflakeConnector",
        description="Snowflake by Airflow's SnowflakeHook",
        icon="snowflake",
        category=WAREHOUSE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.SNOWFLAKE,),
        dialect="snowflake",
        capabilities=_BULK,
        maturity=Maturity.CONTRACT_TESTED,
        tested_on="a stand-in (fakesnow)",
        fields=(
            _LOGIN,
            _PASSWORD,
            ConnectionField("schema", "Schema"),
            ConnectionField("account", "Account", required=True),
            ConnectionField("warehouse", "Warehouse"),
            ConnectionField("database", "Database"),
            ConnectionField("role", "Role"),
        ),
    ),
    ConnectorManifest(
        name="databricks",
        label="Databricks",
        kind="sql",
        implementation=f"{IMPL}.databricks:DatabricksConnector",
        description="Databricks SQL warehouses by Airflow's DatabricksSqlHook",
        icon="databricks",
        category=WAREHOUSE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.DATABRICKS,),
        dialect="databricks",
        capabilities=_SQL,
        maturity=Maturity.CONTRACT_TESTED,
        tested_on="a stand-in (Sail)",
        fields=(
            _HOST,
            ConnectionField("password", "Token", required=True, secret=True),
            ConnectionField("schema", "Schema"),
            ConnectionField("http_path", "HTTP path", required=True, placeholder="/sql/1.0/warehouses/…"),
            ConnectionField("catalog", "Catalog"),
        ),
    ),
    ConnectorManifest(
        name="postgres",
        label="PostgreSQL",
        kind="sql",
        implementation=f"{IMPL}.postgres:PostgresConnector",
        description="PostgreSQL 12 and later by Airflow's PostgresHook",
        icon="postgresql",
        category=DATABASE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.POSTGRES,),
        dialect="postgres",
        capabilities=_BULK,
        maturity=Maturity.LIVE_TESTED,
        tested_on="PostgreSQL 15",
        fields=_database("Database"),
        package="postgres",
    ),
    ConnectorManifest(
        name="mysql",
        label="MySQL and MariaDB",
        kind="sql",
        implementation=f"{IMPL}.mysql:MySqlConnector",
        description="MariaDB and MySQL 8 by Airflow's MySqlHook",
        icon="mysql",
        category=DATABASE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.MYSQL,),
        dialect="mysql",
        capabilities=_SQL,
        maturity=Maturity.LIVE_TESTED,
        tested_on="MariaDB 10.11; MySQL 8 is not tested",
        fields=_database("Database"),
        package="mysql",
    ),
    ConnectorManifest(
        name="sqlserver",
        label="SQL Server",
        kind="sql",
        implementation=f"{IMPL}.sqlserver:SqlServerConnector",
        description="SQL Server by Airflow's MsSqlHook",
        icon="sqlserver",
        category=DATABASE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.MSSQL,),
        dialect="sqlserver",
        capabilities=_SQL,
        maturity=Maturity.CONTRACT_TESTED,
        tested_on=_NO_SERVER,
        fields=_database("Database"),
        package="mssql",
    ),
    ConnectorManifest(
        name="oracle",
        label="Oracle",
        kind="sql",
        implementation=f"{IMPL}.oracle:OracleConnector",
        description="Oracle Database by Airflow's OracleHook",
        icon="oracle",
        category=DATABASE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.ORACLE,),
        dialect="oracle",
        capabilities=_SQL,
        maturity=Maturity.CONTRACT_TESTED,
        tested_on=_NO_SERVER,
        fields=(*_database("Schema"), ConnectionField("service_name", "Service name"), ConnectionField("sid", "SID")),
        package="oracle",
    ),
    ConnectorManifest(
        name="sybase",
        label="SAP ASE (Sybase)",
        kind="sql",
        implementation=f"{IMPL}.sybase:SybaseConnector",
        description="SAP ASE by Airflow's OdbcHook and FreeTDS",
        icon="sap",
        category=DATABASE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.SYBASE,),
        dialect="sybase",
        capabilities=_SQL,
        maturity=Maturity.CONTRACT_TESTED,
        tested_on=_NO_SERVER,
        fields=(
            *_database("Database"),
            ConnectionField(
                "driver",
                "ODBC driver",
                placeholder="FreeTDS",
                description="A name of unixODBC, or the path of the driver's library; FreeTDS when empty",
            ),
        ),
        package="sybase",
    ),
    ConnectorManifest(
        name="saphana",
        label="SAP HANA",
        kind="sql",
        implementation=f"{IMPL}.saphana:SapHanaConnector",
        description="SAP HANA by its own driver",
        icon="sap",
        category=DATABASE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.SAPHANA,),
        dialect="saphana",
        capabilities=_SQL,
        maturity=Maturity.CONTRACT_TESTED,
        tested_on=_NO_SERVER,
        fields=(
            *_database("Current schema"),
            ConnectionField("databaseName", "Tenant database"),
            ConnectionField("encrypt", "Encrypt", "boolean", description="Whether the connection uses TLS"),
        ),
        package="saphana",
    ),
    ConnectorManifest(
        name="duckdb",
        label="DuckDB",
        kind="sql",
        implementation=f"{IMPL}.duckdb:DuckDBConnector",
        description="A DuckDB file, the embedded warehouse among them",
        icon="duckdb",
        category=DATABASE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.DUCKDB,),
        dialect="duckdb",
        capabilities=_BULK,
        maturity=Maturity.LIVE_TESTED,
        tested_on="DuckDB 2.0",
        fields=_file_of("DuckDB", "/data/warehouse.duckdb"),
    ),
    ConnectorManifest(
        name="sqlite",
        label="SQLite",
        kind="sql",
        implementation=f"{IMPL}.sqlite:SqliteConnector",
        description="A SQLite file by Airflow's SqliteHook",
        icon="sqlite",
        category=DATABASE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.SQLITE,),
        dialect="sqlite",
        capabilities=_SQL,
        maturity=Maturity.LIVE_TESTED,
        tested_on="SQLite 3.40",
        fields=_file_of("SQLite", "/data/warehouse.sqlite"),
        package="sqlite",
    ),
    ConnectorManifest(
        name="kafka",
        label="Kafka",
        kind="native",
        implementation=f"{IMPL}.kafka:KafkaConnector",
        description="Topics of Apache Kafka",
        icon="kafka",
        category=STREAM,
        docs="docs/kafka.md",
        version=__version__,
        connection_types=(ConnectionType.KAFKA,),
        capabilities=frozenset(
            {
                Capability.PREDICATE_PUSHDOWN,
                Capability.PARTITIONED_READ,
                Capability.FROZEN_READ,
                Capability.SCHEMA_DISCOVERY,
                Capability.BULK_LOAD,
                Capability.STREAMING,
            }
        ),
        maturity=Maturity.LIVE_TESTED,
        tested_on="tansu, a broker that speaks Kafka's protocol, and librdkafka's own test cluster",
        fields=(
            ConnectionField("bootstrap.servers", "Bootstrap servers", required=True, placeholder="kafka1:9092"),
            ConnectionField(
                "security.protocol",
                "Security protocol",
                placeholder="SASL_SSL",
                description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
            ),
            ConnectionField(
                "sasl.mechanism",
                "SASL mechanism",
                placeholder="SCRAM-SHA-512",
                description="PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or OAUTHBEARER",
            ),
            ConnectionField("sasl.username", "SASL user"),
            ConnectionField("sasl.password", "SASL password", secret=True),
            ConnectionField("sasl.oauthbearer.client.secret", "OAuth client secret", secret=True),
            ConnectionField("ssl.ca.location", "CA certificates", placeholder="/etc/ssl/kafka-ca.pem"),
            ConnectionField("ssl.certificate.location", "Client certificate", placeholder="/etc/ssl/client.pem"),
            ConnectionField("ssl.key.location", "Client key", placeholder="/etc/ssl/client.key"),
            ConnectionField("ssl.key.password", "Password of the client key", secret=True),
            ConnectionField("ssl.keystore.password", "Password of the key store", secret=True),
            ConnectionField("ssl.key.pem", "Client key as text", secret=True),
        ),
        exactly_once=False,
        overwrites=False,
        package="kafka",
    ),
    ConnectorManifest(
        name="file",
        label="Files",
        kind="native",
        implementation=f"{IMPL}.file:FileConnector",
        description="CSV, Parquet and JSON lines on the local disk and in object stores",
        icon="file",
        category=FILES,
        docs=FILES_DOCS,
        version=__version__,
        connection_types=(ConnectionType.AWS, ConnectionType.GOOGLE_CLOUD, ConnectionType.WASB),
        capabilities=_FILE_ROWS | {Capability.ENGINE_FILES},
        maturity=Maturity.LIVE_TESTED,
        tested_on="the local disk; S3 and, without logins, Google Cloud on a stand-in (moto); Azure on Azurite",
        fields=(
            ConnectionField("login", "Access key or account", description="AWS: access key id; Azure: storage account"),
            ConnectionField("password", "Secret key", secret=True, description="Not for Google Cloud"),
            ConnectionField("bucket_name", "Bucket", description="For the test of the connection and for browsing"),
            ConnectionField(
                "endpoint_url", "Endpoint", placeholder="https://minio.example.org", description="S3-compatible"
            ),
            ConnectionField("region_name", "Region", placeholder="us-east-1"),
            ConnectionField("aws_session_token", "AWS session token", secret=True),
            ConnectionField("keyfile_dict", "Google key", secret=True, description="JSON of a service account"),
            ConnectionField("key_path", "Google key file", description="Path on the worker"),
            ConnectionField("sas_token", "Azure SAS token", secret=True),
            ConnectionField(
                "tenant_id", "Azure tenant", description="Then login and password are a client id and secret"
            ),
        ),
        package="objects",
    ),
    ConnectorManifest(
        name="sftp",
        label="SFTP",
        kind="native",
        implementation=f"{IMPL}.sftp:SftpConnector",
        description="CSV, Parquet and JSON lines on an SFTP server",
        icon="sftp",
        category=FILES,
        docs=FILES_DOCS,
        version=__version__,
        connection_types=(ConnectionType.SFTP, ConnectionType.SSH),
        capabilities=_FILE_ROWS,
        maturity=Maturity.LIVE_TESTED,
        tested_on="OpenSSH 9.2",
        fields=(
            _HOST,
            _PORT,
            _LOGIN,
            _PASSWORD,
            ConnectionField("private_key", "Private key", secret=True, description="RSA, ECDSA or Ed25519, in PEM"),
            ConnectionField("key_file", "Key file", description="Path of a private key on the worker"),
            ConnectionField("private_key_passphrase", "Passphrase of the key", secret=True),
            ConnectionField(
                "host_key",
                "Key of the server",
                placeholder="ssh-ed25519 AAAA…",
                description="Its public key; without it the worker's known_hosts decides",
            ),
            ConnectionField("known_hosts", "File of known hosts", description="Instead of the worker's known_hosts"),
            ConnectionField(
                "no_host_key_check",
                "Trust any server",
                "boolean",
                description="Whoever answers is sent the password: for tests only",
            ),
        ),
        package="sftp",
    ),
    ConnectorManifest(
        name="http",
        label="HTTP and REST",
        kind="native",
        implementation=f"{IMPL}.http:HttpConnector",
        description="Records of a REST service",
        icon="http",
        category=SERVICE,
        docs=DOCS,
        version=__version__,
        connection_types=(ConnectionType.HTTP,),
        maturity=Maturity.LIVE_TESTED,
        tested_on="a local HTTP/1.1 server",
        fields=(
            _HOST,
            ConnectionField("port", "Port", "integer"),
            ConnectionField("schema", "Schema", placeholder="https", description="http or https"),
            ConnectionField("login", "Login"),
            _PASSWORD,
            ConnectionField("auth", "Authentication", description="basic, bearer or api_key"),
            ConnectionField("headers", "Headers", secret=True, description="A JSON object"),
        ),
        exactly_once=False,
        overwrites=False,
    ),
)

BUILT_IN: Mapping[str, ConnectorManifest] = MappingProxyType({one.name: one for one in _MANIFESTS})


def find_manifest(name: str) -> ConnectorManifest | None:
    """Return the manifest of a connector, an installed one's too; None when there is none of that name."""
    return BUILT_IN.get(name) or plugged_connectors().manifests.get(name)


def is_native(name: str) -> bool:
    """Return whether the connector reads and writes rows itself: no SQL runs there, and no engine reads its files."""
    found = find_manifest(name)
    return found is not None and found.kind == "native" and not found.can(Capability.ENGINE_FILES)


def reads_or_writes_itself(spec: NodeBase) -> bool:
    """Return whether the rows of a source or target pass through its connector, not through the engine of its stage.

    An engine reads local files itself, but no call detail records, no JSON of which it is to leave lines out, and
    nothing in an object store.
    """
    if not isinstance(spec, SourceBase | TargetBase):
        return False
    if isinstance(spec, FileSource) and spec.format == "json" and spec.on_bad_record != "fail":
        return True
    return is_native(spec.connector) or (
        isinstance(spec, FileSource | FileTarget) and (spec.format == "cdr" or is_remote(spec.path))
    )

"""Airflow's connection types that connectors of the product take."""

from __future__ import annotations

from enum import StrEnum


class ConnectionType(StrEnum):
    """Airflow's own names; a connector of another package names its types as texts in its manifest."""

    AWS = "aws"
    DATABRICKS = "databricks"
    DUCKDB = "duckdb"
    GOOGLE_CLOUD = "google_cloud_platform"
    HTTP = "http"
    KAFKA = "kafka"
    MSSQL = "mssql"
    MYSQL = "mysql"
    ORACLE = "oracle"
    POSTGRES = "postgres"
    SAPHANA = "saphana"
    SFTP = "sftp"
    SNOWFLAKE = "snowflake"
    SQLITE = "sqlite"
    SSH = "ssh"
    SYBASE = "sybase"
    TERADATA = "teradata"
    WASB = "wasb"

"""Signatures, one file a family. The order decides nothing: all of them are asked."""

from __future__ import annotations

from dataflow_provider.diagnosis.signatures import (
    airflow,
    db2,
    general,
    hana,
    mysql,
    names,
    network,
    oracle,
    postgres,
    python,
    snowflake,
    spark,
    sqlserver,
    storage,
    streaming,
    teradata,
)
from dataflow_provider.diagnosis.signatures.base import Family

FAMILIES: tuple[Family, ...] = (
    airflow.FAMILY,
    db2.FAMILY,
    general.FAMILY,
    hana.FAMILY,
    mysql.FAMILY,
    names.FAMILY,
    network.FAMILY,
    oracle.FAMILY,
    postgres.FAMILY,
    python.FAMILY,
    snowflake.FAMILY,
    spark.FAMILY,
    sqlserver.FAMILY,
    storage.FAMILY,
    streaming.FAMILY,
    teradata.FAMILY,
)

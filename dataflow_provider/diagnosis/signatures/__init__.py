"""Signatures, one file a family. The order decides nothing: all of them are asked."""

from __future__ import annotations

from dataflow_provider.diagnosis.signatures import (
    airflow,
    db2,
    dbt,
    document_stores,
    general,
    hana,
    mysql,
    names,
    network,
    oracle,
    postgres,
    programs,
    python,
    query_engines,
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
    dbt.FAMILY,
    document_stores.FAMILY,
    general.FAMILY,
    hana.FAMILY,
    mysql.FAMILY,
    names.FAMILY,
    network.FAMILY,
    oracle.FAMILY,
    postgres.FAMILY,
    programs.FAMILY,
    python.FAMILY,
    query_engines.FAMILY,
    snowflake.FAMILY,
    spark.FAMILY,
    sqlserver.FAMILY,
    storage.FAMILY,
    streaming.FAMILY,
    teradata.FAMILY,
)

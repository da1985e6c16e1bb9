"""DuckDB writes all of a publish in standard SQL, all of it is transactional, and one process at a time writes."""

from __future__ import annotations

from dataflow_provider.dialects.publish import PublishSql


class DuckDBPublish(PublishSql):
    """Texts have no length, so columns of them carry none."""

    def text_type(self, length: int) -> str:
        return "VARCHAR"


DUCKDB_PUBLISH = DuckDBPublish()

"""MongoDB, Elasticsearch and Redis. Source: MongoDB's error codes, Elasticsearch's exceptions, Redis' prefixes."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes

_MONGO = codes(
    {
        "unique_violation": "11000 11001",
        "auth_failed": "18 8000",
        "permission_denied": "13",
        "credentials_expired": "391",
        "object_not_found": "26",
        "statement_timeout": "50 262",
        "lock_contention": "24 46 112",
        "connection_lost": "6 89 9001",
        "session_expired_idle": "43 206 225",
        "remote_service_error": "91 189 10107 11600 11602 13435 13436",
        "out_of_memory": "146 292",
        "disk_or_spool_space": "14031",
        "type_cast_error": "14 241",
        "division_by_zero": "16608",
    }
)

_ELASTIC = codes(
    {
        "auth_failed": "security_exception",
        "object_not_found": "index_not_found_exception",
        "rate_limited": "es_rejected_execution_exception rejected_execution_exception",
        "out_of_memory": "circuit_breaking_exception",
        "type_cast_error": "mapper_parsing_exception document_parsing_exception number_format_exception",
        "schema_drift": "strict_dynamic_mapping_exception",
        "sql_syntax_error": "parsing_exception query_shard_exception verification_exception",
        "lock_contention": "version_conflict_engine_exception",
        "remote_service_error": "no_shard_available_action_exception master_not_discovered_exception "
        "process_cluster_event_timeout_exception unavailable_shards_exception",
        "connection_lost": "node_disconnected_exception",
        "session_expired_idle": "search_context_missing_exception",
    }
) | {"cluster_block_exception": ("disk_or_spool_space", 0.6)}

_REDIS = codes(
    {
        "auth_failed": "NOAUTH WRONGPASS",
        "permission_denied": "NOPERM READONLY",
        "out_of_memory": "OOM",
        "remote_service_error": "CLUSTERDOWN LOADING MASTERDOWN TRYAGAIN",
        "disk_or_spool_space": "MISCONF",
    }
)

FAMILY = Family(
    codes=(
        Codes(
            "MongoDB",
            re.compile(
                r"\bE(?P<code>1100[01]) "
                r"|(?:OperationFailure|WriteError|BulkWriteError|NotPrimaryError|MongoServerError)"
                r".{0,600}?['\"]code['\"]: (?P<field>\d{1,5})\b"
            ),
            _MONGO,
        ),
        Codes("Elasticsearch", re.compile(r"\b(?P<code>[a-z]+(?:_[a-z]+)*_exception)\b"), _ELASTIC, 0.88),
        Codes(
            "Redis",
            re.compile(
                r"\bredis\.exceptions\.\w+: (?P<code>[A-Z]{3,})\b|^\(error\) (?P<client>[A-Z]{3,})\b", re.MULTILINE
            ),
            _REDIS,
        ),
    ),
)

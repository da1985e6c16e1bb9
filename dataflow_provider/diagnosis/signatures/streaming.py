"""Kafka and Flink. Source: librdkafka's error codes, Kafka's protocol errors, Flink's checkpoint coordinator."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_KAFKA = codes(
    {
        "kafka_message_too_large": "MSG_SIZE_TOO_LARGE RECORD_LIST_TOO_LARGE MESSAGE_TOO_LARGE",
        "kafka_poll_interval_exceeded": "_MAX_POLL_EXCEEDED",
        "kafka_offset_out_of_range": "OFFSET_OUT_OF_RANGE _AUTO_OFFSET_RESET",
        "permission_denied": "TOPIC_AUTHORIZATION_FAILED GROUP_AUTHORIZATION_FAILED CLUSTER_AUTHORIZATION_FAILED "
        "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
        "auth_failed": "SASL_AUTHENTICATION_FAILED _AUTHENTICATION ILLEGAL_SASL_STATE UNSUPPORTED_SASL_MECHANISM",
        "object_not_found": "UNKNOWN_TOPIC_OR_PART _UNKNOWN_TOPIC UNKNOWN_TOPIC_ID _UNKNOWN_PARTITION",
        "dns_failure": "_RESOLVE",
        "tls_error": "_SSL",
        "connection_lost": "NETWORK_EXCEPTION BROKER_NOT_AVAILABLE",
        "rate_limited": "THROTTLING_QUOTA_EXCEEDED",
        "bad_file_format": "_VALUE_DESERIALIZATION _KEY_DESERIALIZATION INVALID_RECORD CORRUPT_MESSAGE",
        "disk_or_spool_space": "KAFKA_STORAGE_ERROR",
    }
) | {
    # The client's last word on any trouble with a broker: what it printed before tells which.
    "_TRANSPORT": ("connection_lost", 0.6),
    "_ALL_BROKERS_DOWN": ("connection_refused", 0.6),
    "_TIMED_OUT": ("connect_timeout", 0.5),
    "_MSG_TIMED_OUT": ("connect_timeout", 0.5),
    "REQUEST_TIMED_OUT": ("remote_service_error", 0.5),
    "ILLEGAL_GENERATION": ("kafka_poll_interval_exceeded", 0.6),
    "UNKNOWN_MEMBER_ID": ("kafka_poll_interval_exceeded", 0.6),
    "REBALANCE_IN_PROGRESS": ("kafka_poll_interval_exceeded", 0.5),
}

FAMILY = Family(
    codes=(
        Codes(
            "Kafka",
            re.compile(
                r"(?:KafkaError\{code=|KafkaError\.|\berror=|\[Error \d+\] "
                r"|\b)(?P<code>_?[A-Z][A-Z]+(?:_[A-Z]+)+|_RESOLVE|_SSL|_TRANSPORT|_AUTHENTICATION)\b"
            ),
            _KAFKA,
        ),
    ),
    words=words(
        "kafka",
        {
            "kafka_message_too_large": (
                r"RecordTooLarge",
                r"Message ?Size ?Too ?Large",
                r"larger than the (?:maximum|max) (?:request|message) size",
                r"message size too large",
                r"MessageSizeTooLargeError",
                r"RecordBatchTooLarge",
            ),
            "kafka_poll_interval_exceeded": (
                r"maximum poll interval \(",
                r"max\.poll\.interval\.ms",
                r"consumer poll timeout",
                r"Commit cannot be completed since the (?:group|consumer)",
                r"CommitFailed(?:Error|Exception)",
                r"leaving group.*poll",
            ),
            "kafka_offset_out_of_range": (
                r"Offsets? out of range",
                r"OffsetOutOfRange",
                r"offset out of range",
                r"Some data may have been lost because they are not available in Kafka",
                r"no longer available on the server",
                r"NoOffsetForPartition|Undefined offset with no reset policy",
            ),
            "connection_refused": (
                r"NoBrokersAvailable",
                r"brokers? (?:are|is) down",
                r"Bootstrap broker \S+ .*disconnected",
            ),
            "connection_lost": (r"Connection to node \S+ .{0,60}(?:terminated|disconnected)",),
            "object_not_found": (r"UnknownTopicOrPartition", r"Unknown topic or partition"),
            "auth_failed": (r"SASL authentication (?:error|failed)", r"SaslAuthenticationException"),
            "permission_denied": (
                r"(?:Topic|Group)AuthorizationException",
                r"Not authorized to access (?:topics|group)",
            ),
            "bad_file_format": (r"Unknown magic byte", r"Error deserializing Avro", r"SerializationException"),
        },
    )
    + words(
        "flink",
        {
            "flink_checkpoint_failure": (
                r"Exceeded checkpoint tolerable failure threshold",
                r"Checkpoint \d+ of job \S+ expired before completing",
                r"Checkpoint expired before completing",
                r"Checkpoint (?:was|has been)? ?declined",
                r"CheckpointException",
                r"Could not (?:complete|materialize|perform|finalize) (?:the |pending )?checkpoint",
                r"Asynchronous task checkpoint failed",
            ),
            "cluster_start_failure": (r"NoResourceAvailableException", r"Slot request bulk is not fulfillable"),
            "connection_lost": (
                r"Heartbeat of TaskManager with id \S+ timed out",
                r"RemoteTransportException",
                r"Lost connection to task manager",
            ),
        },
    ),
)

"""Names that a language, a protocol or a platform has fixed: exceptions, gRPC, errno, Kubernetes.

A class of exceptions often covers several causes: it is then weak, and a code or the words beside it decide.
Source: java.base and java.sql of Java 21, Spring's and Jakarta's data access, Python's built-in exceptions,
google.rpc.Code, errno(3), events and states of Kubernetes, ISO/IEC 9075-2 (classes of SQLSTATE).
"""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, Meaning, codes, words


def _weighed(table: dict[str, str], strength: float) -> dict[str, Meaning]:
    return {code: (str(cause), strength) for code, cause in codes(table).items()}


_CLASSES = {
    **_weighed(
        {
            "connection_refused": "ConnectionRefusedError PortUnreachableException",
            "connection_lost": "ConnectionResetError ConnectionAbortedError ClosedChannelException "
            "AsynchronousCloseException ConnectionDoesNotExistError ServerDisconnectedError",
            "dns_failure": "UnresolvedAddressException gaierror",
            "object_not_found": "UndefinedTableError InvalidSchemaNameError InvalidCatalogNameError",
            "schema_drift": "UndefinedColumnError",
            "tls_error": "SSLHandshakeException SSLPeerUnverifiedException CertificateException "
            "CertificateExpiredException CertificateNotYetValidException CertPathValidatorException "
            "CertPathBuilderException SSLCertVerificationError SSLError",
            "auth_failed": "SQLInvalidAuthorizationSpecException BadCredentialsException FailedLoginException "
            "UnrecognizedClientException SignatureDoesNotMatchException NotAuthorizedException "
            "PasswordRequiredException InvalidPasswordError",
            "credentials_expired": "ExpiredTokenException CredentialExpiredException AccountLockedException",
            "permission_denied": "AccessDeniedException AccessControlException PermissionDeniedDataAccessException "
            "ReadOnlyFileSystemException",
            "rate_limited": "TooManyRequestsException ThrottlingException ThrottledException "
            "ProvisionedThroughputExceededException RequestLimitExceededException",
            "remote_service_error": "ServiceUnavailableException BadGatewayException InternalServerErrorException",
            "out_of_memory": "OutOfMemoryError",
            "encoding_error": "MalformedInputException UnmappableCharacterException CharacterCodingException "
            "UnicodeDecodeError UnicodeEncodeError",
            "deadlock": "DeadlockLoserDataAccessException",
            "unique_violation": "DuplicateKeyException",
            "missing_driver_or_dependency": "UnsupportedClassVersionError IncompatibleClassChangeError "
            "AbstractMethodError NoSuchFieldError",
        },
        0.75,
    ),
    **_weighed(
        {
            "tls_error": "SSLException",
            "statement_timeout": "SQLTimeoutException QueryTimeoutException",
            "lock_contention": "LockTimeoutException OptimisticLockException CannotAcquireLockException "
            "CannotSerializeTransactionException LockAcquisitionException",
            "source_file_missing": "NoSuchFileException FileNotFoundException FileNotFoundError NoSuchKeyException",
            "permission_denied": "PermissionError ForbiddenException",
            "invalid_configuration": "MalformedURLException URISyntaxException",
            "bad_file_format": "ZipException BadZipFile BadGzipFile EmptyDataError SAXParseException "
            "JsonParseException MalformedJsonException XMLSyntaxError InvalidFileException",
            "sql_syntax_error": "SQLFeatureNotSupportedException",
            "string_truncation": "DataTruncation",
            "disk_or_spool_space": "DiskErrorException DiskOutOfSpaceException",
        },
        0.55,
    ),
    **_weighed(
        {
            "connection_refused": "NoRouteToHostException",
            "connect_timeout": "SocketTimeoutException",
            "connection_lost": "SQLNonTransientConnectionException SQLRecoverableException EOFException",
            "sql_syntax_error": "SQLSyntaxErrorException BadSqlGrammarException",
            "unique_violation": "SQLIntegrityConstraintViolationException DataIntegrityViolationException",
            "lock_contention": "SQLTransactionRollbackException PessimisticLockException",
            "type_cast_error": "SQLDataException",
            "bad_file_format": "JSONDecodeError",
        },
        0.42,
    ),
}

_GRPC: dict[str, Meaning] = {
    "RESOURCE_EXHAUSTED": ("rate_limited", 0.6),
    "PERMISSION_DENIED": ("permission_denied", 0.75),
    "UNAUTHENTICATED": ("auth_failed", 0.75),
    "UNAVAILABLE": ("remote_service_error", 0.5),
    "DEADLINE_EXCEEDED": ("statement_timeout", 0.45),
    "NOT_FOUND": ("object_not_found", 0.45),
}
# Exceptions of Google's and Databricks' clients, named by what HTTP or gRPC answered.
_ANSWERS: dict[str, Meaning] = {
    "TooManyRequests": ("rate_limited", 0.75),
    "RequestLimitExceeded": ("rate_limited", 0.75),
    "TemporarilyUnavailable": ("remote_service_error", 0.75),
    "ServiceUnavailable": ("remote_service_error", 0.75),
    "BadGateway": ("remote_service_error", 0.75),
    "GatewayTimeout": ("remote_service_error", 0.75),
    "InternalServerError": ("remote_service_error", 0.75),
    "InternalError": ("remote_service_error", 0.6),
    "Unauthorized": ("auth_failed", 0.75),
    "Forbidden": ("permission_denied", 0.5),
}
_GRPC_IN_ANY_SPELLING = _GRPC | _ANSWERS | {name.title().replace("_", ""): told for name, told in _GRPC.items()}

_ERRNO = {
    **codes(
        {
            "connection_refused": "ECONNREFUSED",
            "connection_lost": "ECONNRESET ECONNABORTED ENOTCONN",
            "connect_timeout": "ETIMEDOUT",
            "disk_or_spool_space": "ENOSPC EDQUOT",
            "out_of_memory": "ENOMEM",
            "permission_denied": "EACCES EROFS",
            "source_file_missing": "ENOENT",
        }
    ),
    **_weighed(
        {
            "connection_lost": "EPIPE",
            "connect_timeout": "EHOSTUNREACH ENETUNREACH EHOSTDOWN",
            "permission_denied": "EPERM",
            "source_file_missing": "ENOTDIR",
            "encoding_error": "EILSEQ",
            "disk_or_spool_space": "EFBIG",
        },
        0.5,
    ),
}

_KUBERNETES = codes(
    {
        "cluster_start_failure": "ErrImagePull ImagePullBackOff InvalidImageName CreateContainerConfigError "
        "CreateContainerError RunContainerError ContainerCannotRun FailedScheduling Unschedulable FailedMount "
        "FailedAttachVolume FailedCreatePodSandBox NodeNotReady",
        "out_of_memory": "OOMKilled OOMKilling MemoryPressure",
        "disk_or_spool_space": "DiskPressure FreeDiskSpaceFailed",
    }
)

# What a class of SQLSTATE tells when nothing is known of its state; with 22, 23 and 42 no more than where to look.
_SQLSTATE_CLASSES: dict[str, Meaning] = {
    "08": ("connection_lost", 0.4),
    "22": ("type_cast_error", 0.4),
    "28": ("auth_failed", 0.45),
    "40": ("lock_contention", 0.36),
    "42": ("sql_syntax_error", 0.3),
    "IM": ("missing_driver_or_dependency", 0.6),
}

FAMILY = Family(
    codes=(
        Codes(
            "exceptions",
            re.compile(
                r"\b(?P<code>[A-Z]\w*(?:Exception|Error)|gaierror|DataTruncation|BadZipFile|BadGzipFile)(?=[:;,)\s\]]|$)"
            ),
            _CLASSES,
        ),
        Codes(
            "gRPC",
            re.compile(
                rf"\b(?P<code>{'|'.join(_GRPC)})\b|\bcode ?= ?(?P<camel>[A-Z]\w+) desc\b"
                r"|\b(?:api_core\.exceptions|errors\.platform)\.(?P<client>[A-Z]\w+)"
            ),
            _GRPC_IN_ANY_SPELLING,
        ),
        Codes("errno", re.compile(r"\b(?P<code>E[A-Z]{3,12})\b"), _ERRNO, 0.85),
        Codes("Kubernetes", re.compile(rf"\b(?P<code>{'|'.join(_KUBERNETES)})\b"), _KUBERNETES, 0.85),
        Codes(
            "SQLSTATE class",
            re.compile(r"(?i:\bsql[ _-]?state)\W{0,5}(?P<code>\d\d|IM)(?=[0-9A-Z]{3}\b)"),
            _SQLSTATE_CLASSES,
        ),
    ),
    words=words(
        "Kubernetes",
        {
            "disk_or_spool_space": (r"low on resource: ephemeral-storage", r"exceeds? the total limit of containers"),
            "out_of_memory": (r"low on resource: memory",),
            "permission_denied": (r"is forbidden: User \"", r"cannot \w+ resource \""),
            "cluster_start_failure": (
                r"nodes? (?:are|is) available: .{0,200}(?:Insufficient|taint|affinity)",
                r"Back-off pulling image|Failed to pull image",
                r"Pod .{0,80}was preempted",
            ),
        },
        0.85,
    )
    # Kafka Connect has a class of the same name, which tells nothing.
    + words("java", {"connection_refused": (r"java\.net\.ConnectException(?!.{0,200}timed? ?out)",)}, 0.45)
    + words("systemd", {"missing_driver_or_dependency": (r"status=203/EXEC",)}, 0.7),
)

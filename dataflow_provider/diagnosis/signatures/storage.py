"""Object stores and files: S3, GCS, Azure Blob error codes, system errors. Source: the vendors' error lists."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_CODES = codes(
    {
        "source_file_missing": "NoSuchKey NoSuchBucket BlobNotFound ContainerNotFound ResourceNotFound PathNotFound "
        "FilesystemNotFound NoSuchUpload",
        "permission_denied": "AccessDenied AllAccessDisabled AuthorizationPermissionMismatch AccessDeniedException "
        "AuthorizationFailure InsufficientAccountPermissions UnauthorizedOperation",
        "rate_limited": "SlowDown Throttling ThrottlingException RequestLimitExceeded TooManyRequestsException "
        "ProvisionedThroughputExceededException ServerBusy RequestThrottled "
        "LimitExceededException OperationTimedOut_",
        "auth_failed": "InvalidAccessKeyId SignatureDoesNotMatch InvalidClientTokenId AuthenticationFailed "
        "UnrecognizedClientException InvalidAuthenticationInfo NoAuthenticationInformation NoCredentialsError "
        "AuthFailure IncompleteSignature PartialCredentialsError",
        "credentials_expired": "ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired "
        "TokenRetrievalError UnauthorizedSSOTokenError SSOTokenLoadError",
        "remote_service_error": "InternalError InternalFailure ServiceFailure ServiceUnavailable InternalServerError",
        "invalid_configuration": "PermanentRedirect AuthorizationHeaderMalformed InvalidBucketName NoRegionError "
        "IllegalLocationConstraintException ProfileNotFound InvalidRequest_",
        "dns_failure": "NameResolutionError",
    }
)

FAMILY = Family(
    codes=(
        Codes(
            "storage",
            re.compile(
                r"An error occurred \((?P<code>\w+)\)|<Code>(?P<xml>\w+)</Code>|(?i:Error ?Code): ?(?P<azure>\w+)"
                r"|\b(?:exceptions|errorfactory)\.(?P<class_>[A-Z]\w+)|^(?P<bare>[A-Z]\w+)(?=:)"
                r"|\bcode: ?\"?(?P<word>[A-Z]\w+)"
            ),
            _CODES,
        ),
    ),
    words=words(
        "storage",
        {
            "source_file_missing": (
                r"The specified (?:key|blob|container|bucket) does not exist",
                r"No such object",
                r"unable to open database file",
                r"No (?:input )?files? (?:were |was )?found (?:in|at|under|for|matching)",
                r"No such file or directory(?!: '\")",
                r"FileNotFoundError",
                r"No files? (?:found )?that match",
                r"\b(?:file|path|folder|directory)\b.{0,120}(?:does not exist|not found|doesn't exist)",
                r"calling the HeadObject operation: Not Found",
                r"HeadObject.{0,40}\(404\)|\(404\) when calling",
                r"did not match any (?:file|object)",
                r"No URLs matched|matched no objects",
                r"Missing input file|Input path does not exist",
            ),
            "permission_denied": (
                r"Access Denied\b",
                r"attempt to write a readonly database",
                r"file system operations are disabled",
                r"does not have (?:storage|bigquery|s3)[.:]\w+",
                r"is not authorized to perform",
                r"This request is not authorized to perform this operation",
                r"Permission denied(?! \(publickey)",
                r"Operation not permitted",
                r"insufficient (?:privilege|permission|access)",
                r"not authorized\b(?! to access Snowflake)",
                r"lacks? (?:the )?(?:required )?(?:privilege|permission)",
            ),
            "auth_failed": (
                r"Unable to locate credentials",
                r"Permission denied \(publickey",
                r"could not find default credentials|default credentials were not found",
            ),
            "rate_limited": (r"Please reduce your request rate", r"reached max retries.{0,40}(?:SlowDown|Throttl)"),
            "disk_or_spool_space": (
                r"No space left on device",
                r"max_temp_directory_size|failed to offload data block",
                r"Disk quota exceeded",
                r"not enough (?:free )?(?:disk )?space",
                r"disk (?:is )?full",
            ),
            "bad_file_format": (
                r"Error tokenizing data",
                r"Expected \d+ (?:fields|columns).{0,40}(?:saw|got|found) \d+",
                r"Not a gzipped file",
                r"field larger than field limit",
                r"line contains NUL",
                r"does not support .{1,10} file format",
                r"InvalidAvroBinaryEncoding",
                r"BadGzipFile|BadZipFile|File is not a zip file",
                r"JSONDecodeError|Expecting value: line|Extra data: line|Expecting property name",
                r"Parquet magic bytes not found",
                r"not (?:a|an) (?:valid )?(?:parquet|ORC|avro|xlsx?|excel|zip|gzip|xml|json|csv) file",
                r"Invalid (?:Parquet|Avro|ORC) (?:file|data|magic)",
                r"(?:XMLSyntaxError|ParseError: not well-formed|mismatched tag)",
                r"No columns to parse from file",
                r"could not determine delimiter",
                r"invalid load key|unknown format|file signature",
                r"CSV (?:parse )?error|Error when sniffing file",
                r"new-line character seen in unquoted field|unexpected end of data",
                r"Excel file format cannot be determined",
                r"row .{0,40}has (?:too (?:many|few)|\d+) (?:fields|columns)",
            ),
            "encoding_error": (
                r"codec can't (?:de|en)code",
                r"UnicodeDecodeError|UnicodeEncodeError",
                r"invalid (?:continuation|start) byte",
                r"Invalid UTF-?8",
                r"[Mm]alformed (?:UTF-?8|input) ",
                r"not valid (?:utf-?8|unicode)",
                r"surrogates not allowed",
                r"illegal (?:character|byte) (?:sequence|encoding)",
            ),
        },
    )
    + words("storage", {"object_not_found": (r"NoSuchBucket", r"The specified bucket does not exist")}, 0.6),
)

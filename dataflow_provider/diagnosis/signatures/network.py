"""Sockets, DNS, TLS, HTTP and SSH: what every client may say. Source: errno(3), RFC 9110, OpenSSL, paramiko."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_HTTP = codes(
    {
        "auth_failed": "401 407",
        "rate_limited": "429",
        "remote_service_error": "500 502 503 504 520 521 522 524 529",
    }
) | {"403": ("permission_denied", 0.6), "404": ("source_file_missing", 0.5), "413": ("invalid_configuration", 0.4)}

_ERRNO = codes(
    {
        "connection_refused": "111 61 10061",
        "connection_lost": "104 54 10054 10053 103",
        "connect_timeout": "110 60 10060",
        "dns_failure": "-2 -3 -5 8 11001",
        "disk_or_spool_space": "28 122",
        "out_of_memory": "12",
        "permission_denied": "13 1",
        "source_file_missing": "2",
    }
) | {
    "113": ("connect_timeout", 0.5),
    "101": ("connect_timeout", 0.5),
    "32": ("connection_lost", 0.5),
    "99": ("connection_refused", 0.4),
}

FAMILY = Family(
    codes=(
        Codes(
            "HTTP",
            re.compile(
                r"\b(?:HTTP(?:/[\d.]+)?|HttpError|status(?:[_ ]?code)?|StatusCode|response code|HTTPError"
                r"|Client Error|Server Error)"
                r"[\"' :=]{1,4}(?:Error )?\(?(?P<code>[45]\d\d)\b"
                r"|\b(?P<reason>[45]\d\d) (?:Client Error|Server Error|Too Many|Service Unavail"
                r"|Bad Gateway|Gateway Time|"
                r"Internal Server|Unauthorized|Forbidden|Not Found)|too many (?P<many>[45]\d\d) error responses"
                r"|\((?P<answered>[45]\d\d)\)\s+Reason:"
                r"|returned (?:an? )?(?:HTTP |error:? )?(?P<returned>[45]\d\d)\b|code=(?P<equals>[45]\d\d)\b"
            ),
            _HTTP,
            0.85,
        ),
        Codes("errno", re.compile(r"\[(?:Errno|WinError) (?P<code>-?\d+)\]"), _ERRNO, 0.85),
    ),
    words=words(
        "network",
        {
            "dns_failure": (
                r"Temporary failure in name resolution",
                r"Name or service not known",
                r"nodename nor servname",
                r"getaddrinfo (?:failed|ENOTFOUND)",
                r"could not translate host name",
                r"[Nn]o such host\b",
                r"No address associated with hostname",
                r"Failed to resolve '",
                r"(?:DNS|host ?name) (?:lookup|resolution|query) (?:has )?(?:failed|error|failure)",
                r"(?:lookup|resolution|resolving) of (?:host|host ?name|server)\b.{0,80}failed",
                r"NameResolutionError",
                r"UnknownHostException",
                r"Unknown (?:MySQL )?server host",
                r"Could not resolve host",
                r"Host (?:name )?not found",
            ),
            "tls_error": (
                r"CERTIFICATE_VERIFY_FAILED",
                r"certificate verify failed",
                r"SSL handshake failed|TLS handshake (?:failed|error|timeout)",
                r"SslAuthenticationException",
                r"SSL(?:V3)?_ALERT",
                r"WRONG_VERSION_NUMBER",
                r"tlsv1 alert",
                r"sslv3 alert",
                r"SSL routines",
                r"hostname '[^']*' doesn't match",
                r"certificate (?:has expired|is not valid|signed by unknown authority|is not trusted)",
                r"PKIX path building failed",
                r"UNEXPECTED_EOF_WHILE_READING",
                r"handshake[_ ]failure",
                r"unable to get local issuer",
                r"self.signed certificate",
                r"SSL is required",
                r"x509: ",
                r"could not establish a secure connection",
                r"\b(?:SSL|TLS)\b.{0,60}(?:validation|verification|negotiation) (?:has )?failed",
                r"insecure transport (?:is|are) prohibited",
            ),
            "connection_refused": (
                r"Connection refused",
                r"ECONNREFUSED",
                r"actively refused",
                r"Connect call failed",
                r"No route to host(?!.*timed)",
            ),
            "connect_timeout": (
                r"ConnectTimeout",
                r"connect(?:ion)? (?:attempt )?timed out",
                r"timed? ?out (?:while )?connecting",
                r"connect timeout",
                r"Unable to connect to port \d+ on .{1,60}timed out",
                r"Timed out waiting for a node assignment",
                r"connection to .{1,120} timed out",
                r"timeout expired",
                r"dial tcp .{0,80}i/o timeout",
                r"Log[io]n (?:request |attempt )?timed? ?out",
                r"ETIMEDOUT",
                r"Connection establishment timed out",
                r"Timed out trying to connect",
            ),
            "connection_lost": (
                r"Connection reset by peer",
                r"ECONNRESET",
                r"Remote end closed connection",
                r"RemoteDisconnected",
                r"Connection aborted",
                r"IncompleteRead",
                r"Connection broken",
                r"closed the connection unexpectedly",
                r"Error reading SSH protocol banner",
                r"Server connection dropped",
                r"Socket (?:is )?closed",
                r"connection (?:was )?forcibly closed",
                r"Premature end of (?:chunk|Content-Length|file)",
                r"unexpected EOF",
                r"Connection (?:is )?(?:already )?closed\b",
                r"end-of-file on communication",
                r"Connection lost",
                r"server disconnected",
                r"peer closed connection",
                r"SSH session not active",
                r"(?:Socket|IO|SQLServer|SQLRecoverable)Exception: (?:Connection|Socket) reset\b",
                r"No more data to read from socket",
                r"(?:connection|socket) (?:has been |was )?(?:closed|dropped|ended) by (?:the )?(?:peer|server|remote)",
            ),
            "session_expired_idle": (
                r"\bidle (?:time|session|connection)[- ]?(?:out|limit)",
                r"closed (?:due to|for|because of) inactivity",
                r"connection .{0,30}idle for (?:too long|more than)",
            ),
            "rate_limited": (
                r"Too Many Requests",
                r"Rate limit reached",
                r"Rate exceeded",
                r"RateLimitError",
                r"rate.?limit(?:ed| exceeded|ing)",
                r"quota exceeded for (?:quota|requests)",
                r"Retry-After",
                r"throttl(?:ed|ing)\b",
                r"requests? per (?:second|minute|day) (?:limit|exceeded)",
                r"rateLimitExceeded|userRateLimitExceeded",
            ),
            "remote_service_error": (
                r"Service Unavailable",
                r"421 (?:Service not available|Too many)",
                r"Bad Gateway",
                r"Gateway Time-?out",
                r"Internal Server Error",
                r"upstream connect error",
                r"(?:service|server) is (?:temporarily )?(?:unavailable|down for maintenance)",
            ),
            "network_policy_blocked": (
                r"(?:IP|address) .{0,60}(?:is )?not (?:allowed|whitelisted|allow-listed|authorized|permitted)",
                r"blocked by (?:a )?(?:firewall|network policy|IP)",
                r"not (?:in|allowed by|permitted by|covered by) (?:the )?.{0,40}\b(?:firewall|network) rules?\b",
                r"(?:firewall|network (?:rule|policy|acl)).{0,60}(?:den(?:y|ied|ies)|block(?:s|ed)|reject)",
                r"IP (?:access list|allow ?list)",
                r"\b(?:IP|address) .{0,60}not (?:on|in) (?:the|your|our|an?) .{0,20}(?:allow|white)[ -]?list",
                r"firewall .{0,20}(?:does not|doesn't|did not) (?:allow|admit|permit|let)",
                r"administratively prohibited",
                r"(?:source )?IP address: .{1,60} is blocked",
                r"Tunnel connection failed: 403",
                r"vpcServiceControls|prohibited by organization's policy",
                r"AADSTS530\d\d\b",
            ),
            "auth_failed": (
                r"Authentication (?:failed|failure|error)\b",
                r"AuthenticationException",
                r"Unauthorized\b",
                r"invalid (?:username|user name|login|credentials|api[_ -]?key|client secret)",
                r"(?:Incorrect|bad|wrong) (?:username|password|credentials)",
                r"not a valid .{1,12} private key",
                r"Unable to parse private key",
                r"encountered RSA key, expected",
                r"530 (?:Login|User|Not logged)",
                r"invalid_client",
                r"Bad authentication type",
                r"AADSTS(?:7000215|700016|50034|50126)",
            ),
            "credentials_expired": (
                (
                    r"(?:token|signature|credentials?|session token|password|secret|key|SAS"
                    r"|ticket)\b.{0,40}\b(?:has |have |is |was |are )?(?:been )?expired"
                ),
                r"Signature (?:has expired|not valid in the specified time frame)",
                r"expired (?:token|credential|password|session token|secret)",
                r"invalid_grant",
                r"AADSTS(?:7000222|50055|700082|50173|70043|700084|50133)\b",
                r"token .{0,30}revoked",
            ),
            "invalid_configuration": (
                r"Invalid URL",
                r"AADSTS(?:90002|900023|90013|500011)\b",
                r"Could not parse SQLAlchemy URL",
                r"Missing (?:required )?(?:connection )?(?:field|parameter|host)s?:? .{0,60}(?:connection|host|port)",
                r"No schema supplied",
                r"No connection adapters were found",
                r"Host key (?:for server .{1,80} does not match|verification failed)",
                r"Server '[^']*' not found in known_hosts",
                r"BadHostKeyException",
                r"invalid (?:port|host|dsn|connection (?:option|string|URI))",
                r"[Pp]ort (?:could not be cast|must be|is not an? (?:integer|number))",
                r"nonnumeric port",
                r"\bport\b.{0,40}(?:is not (?:a number|numeric|an integer)|not a valid port)",
                r"Failed to parse: ",
                r"InvalidSchema\b|MissingSchema\b",
                r"invalid URI query parameter",
                r"invalid literal for int\(\).{0,80}\b(?:while|when) .{0,40}\bport\b",
                r"account (?:identifier|name|locator)\b.{0,40}(?:not valid|invalid|incorrect|malformed)",
                r"label (?:empty or )?too long",
                r"No such file or directory: '\"",
            ),
        },
    )
    + words("network", {"connect_timeout": (r"\b(?:TimeoutError|socket\.timeout)\b", r"\btimed out\b")}, 0.36)
    + words("network", {"remote_service_error": (r"Read timed out", r"ReadTimeout(?:Error)?\b")}, 0.6)
    + words("network", {"connection_lost": (r"\bEOFError\b", r"Broken pipe", r"BrokenPipeError")}, 0.5)
    + words(
        "network",
        {
            "connection_refused": (
                r"Unable to connect to port \d+ on",
                r"NoValidConnectionsError",
                r"Could not connect to the endpoint URL",
                r"EndpointConnectionError",
                r"Failed to establish a new connection",
                r"Connection attempt failed",
            )
        },
        0.6,
    ),
)

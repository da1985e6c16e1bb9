"""What any server may say in its own words: names such as `MEMORY_LIMIT_EXCEEDED` and the sentences that mean the same.

They are weaker than what a vendor has fixed, and decide where no other family knows the message. A blank stands for the
mark between the words of a name or of a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping

from dataflow_provider.diagnosis.signatures.base import Family, Words, words


def _names_too(table: Mapping[str, tuple[str, ...]], strength: float) -> tuple[Words, ...]:
    spread = {cause: tuple(one.replace(" ", "[ _-]") for one in patterns) for cause, patterns in table.items()}
    return words("general", spread, strength)


FAMILY = Family(
    words=_names_too(
        {
            "deadlock": (
                r"\bdeadlock\b.{0,40}(?:abort|roll(?:ed|ing)? back|conflict)",
                r"\bdeadlock (?:victim|detected|found|error|situation)",
                r"chosen as (?:the |a )?deadlock|victim of (?:a |the )?deadlock",
            ),
            "lock_contention": (
                r"\block\b.{0,60}(?:could not|cannot|can't) be (?:granted|acquired|obtained|taken)",
                r"\block (?:wait |request )?(?:time ?out|not available|limit exceeded)",
                (
                    r"(?:could not|cannot|unable to|failed to) (?:acquire|obtain|get|take)"
                    r" (?:an? |the )?(?:\w+,? ){0,3}lock\b"
                ),
                r"\b(?:held|locked) by (?:another|other|transaction)",
                r"concurrent(?:ly)? (?:modif\w+|append|delete|update\w*)",
                r"serializable isolation violation|serialization (?:failure|conflict)",
            ),
            "connection_refused": (r"nothing is listening|connect\(\) refused|refused (?:the |our )?connection",),
            "connect_timeout": (r"connecting (?:to )?.{0,60}(?:took longer|timed out|no answer)",),
            "connection_lost": (
                r"I/O error occurred while (?:sending|receiving|reading|communicating)",
                r"(?:communication|communications) (?:link )?(?:failure|error|lost)(?!.{0,200}refused)",
                r"(?:got|received|read) (?:minus one|-1|0 bytes|end of stream|EOF)\b",
                (
                    r"connection (?:was |has been )?(?:lost|dropped|broken|interrupted|terminated|reset"
                    r"|closed in the middle)"
                ),
                r"(?:lost|broken) connection to",
                r"end of stream (?:reached|while)",
                r"(?:socket|network|channel) (?:read|write) (?:error|failure)",
            ),
            "connection_limit": (
                r"(?:session|connection) (?:was )?rejected due to (?:the )?limit",
                r"already \d+ (?:sessions|connections)",
                r"too many (?:open |active |concurrent |parallel )?(?:sessions|connections|clients|channels)",
                r"(?:session|connection|channel) (?:limit|maximum|quota)\b.{0,60}(?:reached|exceeded|hit)",
                r"(?:maximum|max) (?:number of )?(?:open |active |concurrent )?(?:sessions|connections|clients)",
                r"no (?:more |free |available )(?:connections|sessions|connection slots)",
                (
                    r"(?:connection is not available|unable to fetch a connection|cannot get a connection|obtaining a"
                    r" connection from the pool).{0,80}(?:time|second|pool)"
                ),
                r"time ?out waiting for (?:an? )?(?:idle (?:object|connection)|connection from (?:the )?pool)",
            ),
            "dns_failure": (
                r"unknown host\b(?!.{0,5} key)",
                r"EAI_AGAIN|EAI_NONAME|ENOTFOUND|NXDOMAIN|SERVFAIL",
                (
                    r"(?:cannot|can't|could not|unable to|failed to) resolve (?:the )?(?:host|address|name|server"
                    r"|hostname)"
                ),
            ),
            "tls_error": (
                r"encryption is (?:required|needed|mandatory)",
                r"(?:requires?|insists on|only (?:accepts|allows)) (?:an? )?(?:encrypted|secure|TLS|SSL)",
                r"(?:certificate|cert)\b.{0,60}(?:expired|untrusted|not trusted|revoked|mismatch|invalid|unknown)",
                r"(?:hostname|host name|peer) .{0,40}not verified",
                r"(?:unsupported|wrong|protocol) (?:TLS|SSL) version|no (?:shared|common) cipher",
                (
                    r"(?:cannot|can't|could not|failed to|unable to|error) (?:\w+ ){0,3}(?:TLS|SSL)"
                    r" (?:context|connection|session)"
                ),
                r"(?:trust|key) ?store\b.{0,40}(?:cannot be|could not be|not found|missing|failed|invalid)",
                r"server does not support (?:TLS|SSL)",
            ),
            "network_policy_blocked": (
                r"(?:authorized|allowed|trusted|permitted) networks",
                r"connection (?:attempt )?(?:was )?blocked\b",
                r"aws:SourceIp|aws:SourceVpce?",
                (
                    r"\b(?:IP|address|client)\b.{0,40}(?:is )?(?:not (?:in|on) (?:the )?|outside (?:the )?"
                    r"|blocked|denied by).{0,30}(?:range|allow ?list|whitelist|policy|firewall|rules?)"
                ),
            ),
            "auth_failed": (
                r"invalid (?:role|user|client|account)\b.{0,12} or (?:secret|password|key)",
                (
                    r"(?:user ?(?:id|name)?|login|account)\b.{0,30}\bor password\b.{0,20}(?:invalid|wrong"
                    r"|incorrect|is not)"
                ),
                r"(?:authentication|authorization|logon|login) (?:failed|failure|failure occurred|rejected|error)\b",
                r"\bnot authenticated\b|(?:SIMPLE|token|kerberos) authentication is not enabled|GSSException",
                (
                    r"(?:bad|wrong|invalid|unknown) (?:user|password|credentials?|api key|access key|secret"
                    r"|account key)\b"
                ),
            ),
            "credentials_expired": (
                (
                    r"(?:password|token|credential|credentials|key|secret|ticket|certificate of the user) (?:has "
                    r"|have |is |are )?(?:been )?(?:expired|locked)"
                ),
                r"expired (?:access |refresh |session |security )?(?:token|password|credentials?|key|ticket)",
                r"account (?:is |has been )?locked",
            ),
            "permission_denied": (
                r"not enough privileges|insufficient (?:privilege|permission|right|access)s?",
                r"(?:permission|access|privilege) (?:is |was )?denied",
                (
                    r"(?:lacks?|missing|without|does not have|requires?) (?:the )?(?:required )?\W?\w*\W?"
                    r" ?(?:privilege|permission|grant)s?\b"
                ),
                r"not (?:authorized|permitted|allowed) to (?:access|perform|read|write|select|insert|use|execute)",
                r"necessary to have (?:the )?grant",
            ),
            "rate_limited": (
                r"TooManyRequests|request rate is (?:too )?(?:large|high)",
                r"(?:rate|request|api|call) (?:limit|quota)\b.{0,60}(?:exceeded|reached|hit|over)",
                r"ratelimited|too many requests|throttled|throttling",
                r"requests? per (?:second|minute|hour|day)",
                r"exceed(?:ed|s) .{0,20}(?:rate|request|api|call) (?:limit|quota)s?\b",
            ),
            "remote_service_error": (
                (
                    r"(?:service|server|cluster|backend|node) (?:at \S+ )?(?:is )?(?:temporarily |currently )?"
                    r"(?:unavailable(?! or does not exist)|overloaded|not ready|starting|restarting)"
                ),
                r"(?:internal|unexpected) server error",
            ),
            "statement_timeout": (
                (
                    r"cancell?ed by (?:the )?(?:WLM|TDWM|workload|resource (?:manager|governor)|query monitoring"
                    r"|\w+ limit)"
                ),
                r"(?:run|execution|query) time (?:cap|limit|bound)",
                (
                    r"(?:query|statement|execution|sql|request)\b(?!.{0,30}\b(?:log[io]n|connect))"
                    r"(?!.{0,60}\bpool).{0,40}(?:time ?out|time limit|timed"
                    r" out).{0,30}(?:exceeded|reached|expired)"
                ),
                (
                    r"(?:exceeded|exceeds|over) (?:the )?(?:maximum |max )?(?:time limit|run ?time|execution time"
                    r"|query time)"
                ),
                r"timeout exceeded: elapsed",
                r"\btime ?out\b.{0,30}\b(?:on|executing|running) (?:the |this )?(?:statement|query)\b",
                (
                    r"\b(?:EXCEEDED TIME LIMIT|TIMEOUT EXCEEDED|QUERY TIMEOUT|STATEMENT TIMEOUT)\b(?! (?:for|of"
                    r"|is|set|to))"
                ),
                r"cancell?ed (?:due to|because of) (?:a )?(?:\w+ )?time ?out",
            ),
            "warehouse_unavailable": (
                (
                    r"warehouses?\b.{0,60}(?:suspended|stopped|not (?:running|available|started)|cannot be"
                    r" (?:resumed|used|started)|unavailable|does not exist)"
                ),
                r"(?:no|without) (?:an? )?(?:active |current |running )?warehouse\b",
            ),
            "cluster_start_failure": (
                r"(?:failure|failed|error) (?:while|during) (?:provisioning|bootstrap\w*|start ?up of the cluster)",
                r"minimum required (?:node|worker)s?|bootstrap action",
                (
                    r"(?:cluster|instance|node|pool|vm|pod|driver)\b.{0,60}(?:creation|launch|start ?up"
                    r"|provisioning|start) (?:has )?(?:failed|failure|timed out)"
                ),
                (
                    r"(?:not (?:have )?enough|insufficient|no) (?:free |spot |instance )?(?:resources|capacity"
                    r"|instances)\b.{0,40}(?:available|zone|fulfil|request|region)"
                ),
                r"RESOURCE POOL EXHAUSTED|STOCKOUT|InsufficientInstanceCapacity",
                (
                    r"(?:failed|unable|could not) to (?:create|start|launch|provision) (?:the |a )?(?:cluster|pod"
                    r"|instance|vm)"
                ),
            ),
            "disk_or_spool_space": (
                (
                    r"(?:not enough|insufficient|no|out of|low on) (?:free |disk |more |temp(?:orary)? )?(?:disk"
                    r"|space|storage)\b(?! (?:check|left: ))"
                ),
                r"(?:disk|volume|tablespace|filesystem|file system|log|filegroup) (?:is |was )?full\b",
                r"(?:disk|storage|space) (?:quota|limit)\b.{0,30}(?:exceeded|reached)",
            ),
            "out_of_memory": (
                (
                    r"(?:memory|heap|ram)\b(?: .for \w+.)? ?(?:limit|quota|budget|bound)?\b.{0,30}(?:exceeded"
                    r"|exhausted|reached)"
                ),
                r"exceeded .{0,30}memory (?:limit|quota|bound)",
                r"(?:out of|not enough|no more|ran out of) (?:heap |process |shared |system )?memory",
                r"GC overhead limit|OutOfMemory",
                r"insufficient memory for|memory allocation \(\w+\) failed|failed to map \d+ bytes",
            ),
            "type_cast_error": (
                r"bad (?:int\w*|float\w*|numeric|bool\w*|decimal) value|invalid digit",
                (
                    r"(?:cannot|can't|could not|unable to|failed to|error) (?:cast|convert|coerce|parse|parsing"
                    r"|casting|converting)\b(?!.{0,40}(?:date|time|json|xml|csv|file|url|schema"
                    r"|dag)).{0,80}\b(?:to|as|into)\b"
                ),
                r"invalid (?:cast|number|integer|numeric)(?: (?:argument|value|literal|format|string))?\b",
                r"\bNumberFormatException\b",
                r"its field `[^`]+` is no \w",
                r"not a (?:valid )?(?:number|integer|numeric|decimal)\b",
            ),
            "date_parse_error": (
                (
                    r"(?:cannot|can't|could not|unable to|failed to|error) (?:cast|convert|parse"
                    r"|parsing).{0,40}\b(?:date|datetime|timestamp|time)\b"
                ),
                r"(?:invalid|bad|illegal|wrong|unknown) (?:date|datetime|timestamp|time)\b(?! ?(?:zone|out))",
                r"(?:date|datetime|timestamp)\b.{0,40}(?:not valid|out of range|does not match|malformed)",
            ),
            "numeric_overflow": (
                r"\b(?:int\d\d|float\d\d|numeric data|bigint) overflow",
                r"(?:numeric|integer|decimal|arithmetic|long|int|bigint)\b.{0,10} overflow",
                r"numeric value out of range|exceeds? (?:MAX|MIN) ?(?:INT|LONG|BIGINT)",
                (
                    r"(?:value|number)\b.{0,40}(?:exceeds|too large|too big|does not fit).{0,40}(?:precision"
                    r"|range|type|int)"
                ),
            ),
            "division_by_zero": (r"/ by zero|divi(?:de|ded|sion) by (?:zero|0)\b",),
            "string_truncation": (
                r"(?:string )?length exceeds|too wide for column",
                (
                    r"(?:string|data|value|text|character)\b.{0,40}(?:truncat\w+|too long|exceeds (?:the"
                    r" )?(?:column|maximum) (?:length|size|width))"
                ),
            ),
            "encoding_error": (
                (
                    r"(?:invalid|illegal|malformed|bad) (?:utf-?8|utf-?16|byte sequence|character encoding"
                    r"|multibyte|unicode)"
                ),
                r"(?:cannot|can't|could not) (?:de|en)code\b",
                r"untranslatable|unmappable character",
            ),
            "unique_violation": (
                r"duplicate (?:value|key|entry|primary key|unique)(?! columns)",
                r"unique (?:key |index |constraint )?.{0,30}violat|already exists under (?:the|a) (?:unique|primary)",
            ),
            "not_null_violation": (
                r"missing data for (?:a )?not.null",
                r"(?:cannot|can't|must not|may not) (?:be|contain|insert|hold|accept) (?:a )?nulls?\b",
                r"not null (?:constraint )?.{0,20}(?:violat|fail)",
                r"null value.{0,30}(?:not allowed|non-?null|required)",
            ),
            "foreign_key_violation": (
                r"(?:foreign key|referential)\b.{0,40}(?:violat|fail|conflict|missing)",
                r"(?:parent|referenced) (?:key|row|record) .{0,20}(?:not found|missing|does not exist)",
            ),
            "merge_duplicate_rows": (
                r"duplicate merge key",
                r"match(?:ed|es)? (?:at most|more than) one source row|at most one source row",
                (
                    r"(?:multiple|several|more than one|duplicate) (?:source )?rows?\b.{0,60}(?:same|single|one"
                    r"|each) target"
                ),
            ),
            "schema_drift": (
                r"(?:columns?|tables?|schema) (?:is|are) frozen",
                r"schema (?:contract|change)\b.{0,60}(?:violat|break|detected)",
                r"unrecognized name|extra column(?:\(s\)|s)? found",
                r"(?:no such|unknown|undefined|unresolved|missing|unexpected|invalid) (?:column|field)s?\b",
                (
                    r"(?:column|field)\b.{0,60}(?:not found|does not exist|cannot be (?:found|resolved)|has"
                    r" changed type)"
                ),
                r"(?:schema|column count|number of columns)\b.{0,40}(?:does not match|mismatch|differs|changed)",
            ),
            "object_not_found": (
                r"(?:unknown|no such|undefined|missing) (?:table|view|relation|schema|database|dataset)\b",
                r"(?:table|view|relation|schema|database|dataset)\b.{0,60}(?:not found|does not exist|doesn't exist)",
            ),
            "source_file_missing": (
                r"(?:prefix|bucket|key|folder|directory)\b.{0,60}does not exist",
                r"(?:no such|missing) (?:file|object|key|blob|path)\b",
                (
                    r"(?:file|object|blob|path|directory)\b.{0,80}(?:does not exist|doesn't exist|not found|no"
                    r" longer exists)"
                ),
            ),
            "bad_file_format": (
                (
                    r"(?:more|fewer|too many|too few) (?:fields|values|columns) (?:than|in (?:row|line|record)|defined"
                    r"|for (?:row|line|record))"
                ),
                r"(?:column|field) (?:index|position) \d+ .{0,40}(?:exceeds|contains only|beyond)",
                r"delimiter not found|(?:does not support|unsupported|unknown|invalid) file format",
                r"not a (?:valid )?(?:parquet|avro|orc|zip|gzip|gzipped|csv|json|xml|excel|xlsx)\b(?: file)?",
                (
                    r"(?:malformed|corrupt(?:ed)?|invalid|truncated) (?:parquet|avro|orc|zip|gzip|csv|json|xml"
                    r"|record|file)\b"
                ),
                r"(?:tag mismatch|unterminated quote|unexpected end of (?:file|input)|bad magic)",
            ),
            "sql_syntax_error": (r"(?:sql )?syntax (?:error|exception)\b(?! at begin)",),
            "missing_driver_or_dependency": (
                (
                    r"(?:driver|library|module|package|plugin|jar)\b.{0,60}(?:not (?:found|installed)|missing"
                    r"|could not be (?:found|loaded))"
                ),
                r"(?:ClassNotFoundException|NoClassDefFoundError|NoSuchMethodError|UnsatisfiedLinkError)",
            ),
            "invalid_configuration": (
                (
                    r"\bConfigException\b|(?:invalid|bad|wrong|missing|unknown) (?:configuration|config"
                    r"|connection (?:string|url|parameter|property)|option|setting)\b"
                ),
                r"no resolvable bootstrap",
                r"\b\w*Config(?:uration)?(?:Exception|Error)\b|ImproperlyConfigured",
                r"invalid value .{0,80} for (?:connection |configuration )?(?:parameter|option|property|setting)",
                r"Expected string or URL object",
                r"unrecognized (?:config|option|argument|propert|setting)\w*",
                (
                    r"(?:missing|empty|no) (?:required )?(?:host ?name|host|port|login|account|database|bucket|url"
                    r"|endpoint)\b.{0,30}\bconnection\b"
                ),
            ),
        },
        0.6,
    ),
)

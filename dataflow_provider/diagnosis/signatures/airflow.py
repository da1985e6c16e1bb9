"""Airflow itself: scheduler, supervisor, templates, XCom, and DataFlow AI's own codes."""

from __future__ import annotations

import re

from dataflow_provider.diagnosis.signatures.base import Codes, Family, codes, words

_OWN = codes(
    {
        "airflow_connection_undefined": "DF-CONN-001",
        "invalid_configuration": "DF-CONN-002 DF-CONN-007 DF-RUN-051",
        "missing_driver_or_dependency": "DF-CONN-003",
        "schema_drift": "DF-WRITE-005 DF-WRITE-006 DF-SQL-012",
        "object_not_found": "DF-WRITE-004",
        "source_file_missing": "DF-FILE-001",
    }
)

FAMILY = Family(
    codes=(Codes("DataFlow AI", re.compile(r"\b(?P<code>DF-[A-Z]+-\d{3})\b"), _OWN),),
    words=words(
        "airflow",
        {
            "airflow_heartbeat_lost": (
                r"(?:without|missed|missing|no) (?:a )?heartbeats?\b",
                r"Detected (?:a )?zombie",
                r"heartbeat (?:time ?out|was not received|failed|lost)",
                r"Failed to send heartbeat",
                r"heartbeat (?:was )?(?:refused|rejected)",
                r"(?:too many|\d+) (?:failed|missed|lost) heartbeats",
                r"heartbeat timed out(?! \(executor)",
                r"task shouldn'?t be running anymore",
                r"Server indicated the task shouldn",
                r"zombie (?:job|task)",
                r"marked as (?:a )?zombie",
                r"[Tt]ask instance is no longer (?:running|in (?:the )?running state)",
                r"recorded pid .{1,40} does not match the current pid",
            ),
            "airflow_task_timeout": (
                r"AirflowTaskTimeout",
                r"Process timed out,? (?:pid|PID)",
                r"Task (?:has )?exceeded (?:its )?execution_timeout",
                r"Timeout, PID: \d+",
            ),
            "airflow_sensor_timeout": (
                r"AirflowSensorTimeout",
                r"Sensor has timed out",
                r"Snap\. Time is OUT",
                r"Timeout reached while (?:poking|waiting)|sensor .{0,40}time(?:d )?out",
            ),
            "airflow_scheduling_stuck": (
                r"stuck in (?:the )?queued",
                r"requeue attempts exceeded",
                r"Task is in the 'queued' state .{0,60}(?:timeout|too long)",
                r"non-existent pool|pool .{1,60}(?:does not exist|doesn't exist|not found)",
                (
                    r"(?:no|zero|0) (?:free |open |available )?slots? (?:available|open|free|left)"
                    r" in pool|Not scheduling since there are 0 open slots"
                ),
                r"pool .{1,60} has (?:0|no) (?:open|free) slots",
                r"no (?:active |online )?workers? (?:available|online|listening|consuming)",
                r"Task has been in (?:queued|scheduled) state for",
                r"adoption of .{0,60}queued task|not (?:been )?picked up by (?:a|any) worker",
                r"TASK_INSTANCE_QUEUED_TIMEOUT|task_queued_timeout",
            ),
            "airflow_connection_undefined": (
                r"The conn_id [`'\"]?[\w.-]+[`'\"]? isn'?t defined",
                r"conn_id [`'\"]?[\w.-]+[`'\"]? (?:is not defined|doesn'?t exist|not found)",
                r"Connection [`'\"]?[\w.-]+[`'\"]? (?:is not defined|not found|does not exist|doesn'?t exist)",
                r"AirflowNotFoundException: (?:The )?conn",
                r"CONNECTION_NOT_FOUND",
            ),
            "template_or_variable_error": (
                r"jinja2\.exceptions",
                r"UndefinedError|TemplateNotFound|TemplateSyntaxError|TemplateAssertionError",
                r"Variable [`'\"]?[\w.-]+[`'\"]? (?:does not exist|is not defined|not found)",
                r"VARIABLE_NOT_FOUND",
                r"'[\w.]+' is undefined",
                r"No value passed for param|ParamValidationError|Invalid input for param",
                r"Env var required but not provided",
                r"Invalid arguments were passed to",
            ),
            "dag_import_error": (
                r"Broken D[Aa][Gg]",
                r"Failed to import: \S+\.py",
                r"DagBag import timeout|AirflowDagImportTimeout",
                r"Failed to (?:parse|load) D[Aa][Gg] file",
                r"(?:Error|Failed|Failure) (?:processing|parsing|loading|importing):? \S+\.py\b",
                r"AirflowDagDuplicatedIdException|AirflowDagCycleException|AirflowClusterPolicyViolation",
            ),
            "dag_not_found": (
                r"D[Aa][Gg] '?[\w.-]+'? could not be found",
                r"D[Aa][Gg] not found during start ?up",
                r"DagNotFound|dag_id could not be found|not found in D[Aa]gBag",
                r"Dag id \S+ not found in DagModel",
                r"(?:D[Aa][Gg]|dag_id)[ :=]+'?\"?[\w.-]+'?\"? (?:was )?not found",
                r"SerializedDagNotFound|not found in serialized_dag",
            ),
            "xcom_too_large_or_unserializable": (
                r"Could not serialize the XCom",
                r"is not JSON serializable",
                r"Cannot serialize object of type",
                r"cannot pickle '?\w",
                r"XCom .{0,80}(?:too (?:large|big)|exceeds|size limit|maximum size|(?:above|over|larger than) the)",
                r"(?:too (?:large|big)|exceeds).{0,60}XCom",
                r"xcom.{0,80}(?:Data too long|payload too large|Packet too large|max_allowed_packet)",
                r"PicklingError|Can't pickle",
                r"unable to serialize .{0,40}xcom|xcom value .{0,40}not (?:serializ|support)",
            ),
            "credentials_expired": (r"Invalid auth token: Signature has expired",),
        },
        0.92,
    ),
)

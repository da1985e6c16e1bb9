"""Keys under which tasks leave what the run's record is made of; nothing else leaves a task."""

RETURN_VALUE = "return_value"
"""The stage's result, as `StageResult.to_json` tells it."""
ERROR_XCOM = "dataflow_error"
"""Message of the error that ended a task's last try; a new try begins without it."""
QUALITY_XCOM = "dataflow_quality"
"""What the rules of a stage found that they then blocked."""

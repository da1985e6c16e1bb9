"""Rules on the structure of a pipeline, one family a file: each yields problems and never raises."""

from __future__ import annotations

from dataflow_provider.spec.findings import Problem
from dataflow_provider.spec.validation.ai import validate_ai
from dataflow_provider.spec.validation.edges import validate_cycles, validate_edges
from dataflow_provider.spec.validation.hooks import validate_hooks
from dataflow_provider.spec.validation.identity import validate_identity
from dataflow_provider.spec.validation.nodes import validate_nodes
from dataflow_provider.spec.validation.notifications import validate_notifications, validate_sla
from dataflow_provider.spec.validation.params import validate_params
from dataflow_provider.spec.validation.quality import validate_quality
from dataflow_provider.spec.validation.run_values import validate_run_values
from dataflow_provider.spec.validation.schedule import validate_schedule
from dataflow_provider.spec.validation.services import validate_services
from dataflow_provider.spec.validation.subject import Subject
from dataflow_provider.spec.validation.targets import validate_targets
from dataflow_provider.spec.validation.topics import validate_topics

RULES = (
    validate_identity,
    validate_schedule,
    validate_params,
    validate_run_values,
    validate_notifications,
    validate_sla,
    validate_edges,
    validate_cycles,
    validate_nodes,
    validate_targets,
    validate_services,
    validate_topics,
    validate_quality,
    validate_ai,
    validate_hooks,
)


def validate_structure(subject: Subject) -> list[Problem]:
    """Return what the rules find, without problems at places whose shape is already reported."""
    return [
        problem for rule in RULES for problem in rule(subject) if not subject.is_damaged(problem.path, inside=False)
    ]

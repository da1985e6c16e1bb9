"""Messages to people: each channel has what it needs to reach them."""

from __future__ import annotations

from collections.abc import Iterator

from dataflow_provider.spec.findings import Problem, Severity
from dataflow_provider.spec.models import Notify
from dataflow_provider.spec.validation.subject import Subject


def validate_notifications(subject: Subject) -> Iterator[Problem]:
    for event in Notify.model_fields:
        for index, notification in enumerate(getattr(subject.pipeline.notify, event)):
            path = ("notify", event, index)
            if subject.is_damaged(path):
                continue
            if notification.via == "email" and not notification.to:
                yield Problem(
                    "DF-NOTIFY-001", path, "A message by `email` needs an address.", "Add `to: [team@example.com]`."
                )
            if notification.via != "email" and notification.connection is None:
                message = (
                    f"A message by `{notification.via}` needs a `connection`; secrets stand in Airflow connections."
                )
                yield Problem("DF-NOTIFY-002", path, message, f"Add `connection: {notification.via}_default`.")


def validate_sla(subject: Subject) -> Iterator[Problem]:
    pipeline = subject.pipeline
    if pipeline.sla is not None and pipeline.sla.finish_by is None and pipeline.sla.max_duration is None:
        yield Problem(
            "DF-NOTIFY-008", ("sla",), "`sla` promises nothing.", 'Add `finish_by: "07:30"` or `max_duration: 45m`.'
        )
    if pipeline.sla is None and pipeline.notify.on_sla:
        message = "`on_sla` tells nobody anything: the pipeline has no `sla`."
        hint = 'Add `sla: {finish_by: "07:30"}` or `sla: {max_duration: 45m}`.'
        yield Problem("DF-NOTIFY-009", ("notify", "on_sla"), message, hint, Severity.WARNING)
    if pipeline.sla is not None and pipeline.sla.finish_by is not None and not _is_scheduled(subject):
        message = "`finish_by` is never looked at: the pipeline has no schedule, so no day expects a run."
        yield Problem("DF-NOTIFY-010", ("sla", "finish_by"), message, "Add `schedule`.", Severity.WARNING)


def _is_scheduled(subject: Subject) -> bool:
    schedule = subject.pipeline.schedule
    return schedule is not None and bool(schedule.cron or schedule.after)

"""Messages to people: each channel has what it needs to reach them."""

from __future__ import annotations

from collections.abc import Iterator

from dataflow_provider.spec.findings import Problem
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

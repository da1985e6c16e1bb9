"""The channels: each hands a message to the hook of Airflow's official provider, and says clearly why it could not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dataflow_provider.errors import AuthorError, DataflowError, TransientError
from dataflow_provider.notifications.message import Message

TIMEOUT_S = 20
DEFAULT_EMAIL = "smtp_default"
_SEVERITY = {"failure": "error", "warning": "warning", "sla_at_risk": "warning", "sla_breach": "error"}

Send = Callable[[Message, str | None, Sequence[str]], None]


def send(via: str, message: Message, connection: str | None, recipients: Sequence[str]) -> None:
    """The channel has taken the message.

    Raises:
        AuthorError: DF-NOTIFY-003 without the channel's provider, DF-NOTIFY-004 for a channel that there is not,
            DF-NOTIFY-006 without the connection; another try does not help before somebody mends it.
        TransientError: DF-NOTIFY-005 when the channel refused or did not answer.
    """
    channel = CHANNELS.get(via)
    if channel is None:
        raise AuthorError("DF-NOTIFY-004", f"There is no channel `{via}`; there are {', '.join(CHANNELS)}.")
    with _explained(via, connection):
        channel(message, connection, recipients)


@contextmanager
def _explained(via: str, connection: str | None) -> Iterator[None]:
    from airflow.exceptions import AirflowNotFoundException

    try:
        yield
    except DataflowError:
        raise
    except ImportError as exc:
        raise AuthorError(
            "DF-NOTIFY-003",
            f"Messages by `{via}` need Airflow's provider for it, which is not installed ({exc}).",
            hint="Install it with `pip install 'dataflow-ai[notify]'`.",
        ) from exc
    except AirflowNotFoundException as exc:
        raise AuthorError(
            "DF-NOTIFY-006",
            f"Messages by `{via}` need the Airflow connection `{connection}`, which does not exist.",
            hint="Make it on Airflow's page Admin, Connections, or name another one.",
        ) from exc
    except Exception as exc:  # whatever a channel's client raises: told, kept with the message and tried again
        raise TransientError("DF-NOTIFY-005", f"`{via}` did not take the message: {_short(exc)}") from exc


def _short(exc: BaseException) -> str:
    text = " ".join(str(exc).split()) or type(exc).__name__
    return text if len(text) <= 500 else f"{text[:500]}…"


def _email(message: Message, connection: str | None, recipients: Sequence[str]) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    with SmtpHook(smtp_conn_id=connection or DEFAULT_EMAIL) as hook:
        hook.send_email_smtp(to=list(recipients), subject=message.subject, html_content=message.as_html())


def _slack(message: Message, connection: str | None, recipients: Sequence[str]) -> None:
    """A connection of type `slackwebhook` has its channel in its address; one of type `slack` posts to each `to`."""
    from airflow.providers.slack.hooks.slack import SlackHook
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    conn_id = connection or ""
    if _connection_type(conn_id) == "slackwebhook":
        SlackWebhookHook(slack_webhook_conn_id=conn_id, timeout=TIMEOUT_S).send(text=message.as_text())
        return
    if not recipients:
        raise AuthorError(
            "DF-NOTIFY-007",
            f"The Slack connection `{conn_id}` needs a channel to post to.",
            hint="Add `to: '#channel'`, or use a connection of type `slackwebhook`.",
        )
    hook = SlackHook(slack_conn_id=conn_id, timeout=TIMEOUT_S)
    for channel in recipients:
        hook.call("chat.postMessage", json={"channel": channel, "text": message.as_text()})


def _pagerduty(message: Message, connection: str | None, recipients: Sequence[str]) -> None:
    """Good news resolves the incident that the trouble has opened; `base_url` in the extra is for EU accounts."""
    import pagerduty
    from airflow.providers.pagerduty.hooks.pagerduty_events import PagerdutyEventsHook, prepare_event_data

    hook = PagerdutyEventsHook(pagerduty_events_conn_id=connection or "")
    base_url = _connection_extra(connection or "").get("base_url")
    event = prepare_event_data(
        summary=message.subject[:1024],
        severity=_SEVERITY.get(message.kind, "info"),
        source=message.pipeline_id,
        component=message.node,
        custom_details=dict(message.facts),
        action="resolve" if message.kind == "recovery" else "trigger",
        dedup_key=message.key,
        links=[{"href": message.link, "text": "Open the run"}],
    )
    client = pagerduty.EventsApiV2Client(hook.integration_key, base_url=base_url)
    client.timeout = TIMEOUT_S
    client.retry = {}  # the message is tried again later anyhow, without holding up others
    client.send_event(**event)


def _connection_type(conn_id: str) -> str:
    return str(_connection(conn_id).conn_type or "")


def _connection_extra(conn_id: str) -> Mapping[str, Any]:
    extra: Mapping[str, Any] = _connection(conn_id).extra_dejson
    return extra


def _connection(conn_id: str) -> Any:
    from airflow.sdk import BaseHook

    return BaseHook.get_connection(conn_id)


CHANNELS: Mapping[str, Send] = {"email": _email, "slack": _slack, "pagerduty": _pagerduty}

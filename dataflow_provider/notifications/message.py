"""What a message says, whatever the channel: which pipeline, node, first line of the error, diagnosis, link."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

HEADS = {
    "failure": "Failed",
    "warning": "Warning",
    "sla_at_risk": "SLA at risk",
    "sla_breach": "SLA broken",
    "recovery": "Recovered",
}


@dataclass(frozen=True)
class Message:
    """One message; `key` is the same for trouble and its end, so that a channel can bring both together."""

    kind: str
    title: str
    pipeline_id: str
    key: str
    run_id: str | None
    node: str | None
    line: str | None
    diagnosis: str | None
    link: str

    @property
    def subject(self) -> str:
        """One line without line breaks, which would end a header of a mail."""
        return " ".join(f"[{HEADS[self.kind]}] {self.title}".split())

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Label and text of what is known."""
        told = (
            ("Pipeline", self.pipeline_id),
            ("Run", self.run_id),
            ("Node", self.node),
            ("Error" if self.kind == "failure" else "Reason", self.line),
            ("Diagnosis", self.diagnosis),
        )
        return [(label, text) for label, text in told if text]

    def as_html(self) -> str:
        """Return the body of a mail."""
        rows = "".join(
            f'<tr><th align="left" valign="top">{escape(label)}</th><td>{escape(text)}</td></tr>'
            for label, text in self.facts
        )
        link = escape(self.link, quote=True)
        return (
            f'<p>{escape(self.title)}</p><table cellpadding="4">{rows}</table><p><a href="{link}">Open the run</a></p>'
        )

    def as_text(self) -> str:
        """Return the message for Slack; what could be a mention or a link there is made harmless."""
        lines = [f"*{_slack(self.subject)}*", *(f"{label}: {_slack(text)}" for label, text in self.facts)]
        return "\n".join([*lines, f"<{self.link}|Open the run>"])


def _slack(text: str) -> str:
    """Slack's three control characters as it wants them.

    >>> _slack("a < b & c")
    'a &lt; b &amp; c'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""Promises of pipelines, what people are told, and who has read it."""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_sla()
    _create_notifications()
    _create_deliveries()
    op.create_table(
        "dataflow_notification_read",
        sa.Column("notice_key", _BIG_ID, nullable=False),
        sa.Column("user_name", sa.String(250), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("notice_key", "user_name", name="pk_dataflow_notification_read"),
        sa.ForeignKeyConstraint(
            ["notice_key"],
            ["dataflow_notification.id"],
            name="fk_dataflow_notification_read_notice_key",
            ondelete="CASCADE",
        ),
    )


def _create_sla() -> None:
    op.create_table(
        "dataflow_sla",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("pipeline_id", sa.String(250), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(250), nullable=False),
        sa.Column("run_id", sa.String(250)),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("at_risk_at", UtcDateTime()),
        sa.Column("breached_at", UtcDateTime()),
        sa.Column("done_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_dataflow_sla"),
        sa.UniqueConstraint("pipeline_id", "kind", "subject", name="uq_dataflow_sla_pipeline_id_kind_subject"),
    )
    op.create_index("idx_dataflow_sla_pipeline_id_due_at", "dataflow_sla", ["pipeline_id", "due_at"])


def _create_notifications() -> None:
    op.create_table(
        "dataflow_notification",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("pipeline_id", sa.String(250), nullable=False),
        sa.Column("run_id", sa.String(250)),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("node", sa.String(250)),
        sa.Column("line", sa.Text()),
        sa.Column("diagnosis", sa.Text()),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("resolved_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_dataflow_notification"),
    )
    for columns in (["pipeline_id", "resolved_at"], ["last_seen_at"]):
        op.create_index(f"idx_dataflow_notification_{'_'.join(columns)}", "dataflow_notification", columns)


def _create_deliveries() -> None:
    op.create_table(
        "dataflow_delivery",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("notice_key", _BIG_ID, nullable=False),
        sa.Column("via", sa.String(20), nullable=False),
        sa.Column("connection", sa.String(250)),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_dataflow_delivery"),
        sa.ForeignKeyConstraint(
            ["notice_key"], ["dataflow_notification.id"], name="fk_dataflow_delivery_notice_key", ondelete="CASCADE"
        ),
    )
    for columns in (["state", "next_try_at"], ["notice_key"]):
        op.create_index(f"idx_dataflow_delivery_{'_'.join(columns)}", "dataflow_delivery", columns)


def downgrade() -> None:
    for name in ("notification_read", "delivery", "notification", "sla"):
        op.drop_table(f"dataflow_{name}")

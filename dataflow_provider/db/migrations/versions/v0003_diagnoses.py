"""Diagnoses of failed tries, and what users think of them."""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "dataflow_diagnosis",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("attempt", sa.String(64), nullable=False),
        sa.Column("pipeline_id", sa.String(250), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("stage_id", sa.String(250), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("queued_at", UtcDateTime(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failed_at", UtcDateTime(), nullable=False),
        sa.Column("made_at", UtcDateTime()),
        sa.Column("node_id", sa.String(250)),
        sa.Column("root_cause", sa.String(60)),
        sa.Column("confidence", sa.Float()),
        sa.Column("text_hash", sa.String(64)),
        sa.Column("document", sa.JSON()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_dataflow_diagnosis"),
        sa.UniqueConstraint("attempt", name="uq_dataflow_diagnosis_attempt"),
    )
    for columns in (["state", "next_try_at"], ["pipeline_id", "failed_at"], ["failed_at"]):
        op.create_index(f"idx_dataflow_diagnosis_{'_'.join(columns)}", "dataflow_diagnosis", columns)
    op.create_table(
        "dataflow_diagnosis_feedback",
        sa.Column("diagnosis_key", _BIG_ID, nullable=False),
        sa.Column("user_name", sa.String(250), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("true_cause", sa.String(60)),
        sa.Column("fixed_by", sa.String(500)),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("diagnosis_key", "user_name", name="pk_dataflow_diagnosis_feedback"),
        sa.ForeignKeyConstraint(
            ["diagnosis_key"],
            ["dataflow_diagnosis.id"],
            name="fk_dataflow_diagnosis_feedback_diagnosis_key",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    for name in ("diagnosis_feedback", "diagnosis"):
        op.drop_table(f"dataflow_{name}")

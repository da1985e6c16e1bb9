"""Records of runs and of their nodes, and the lease of the process that writes them."""

from __future__ import annotations

import sqlalchemy as sa
from airflow.utils.sqlalchemy import UtcDateTime
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_runs()
    _create_nodes()
    _create_lease()


def _create_runs() -> None:
    op.create_table(
        "dataflow_run",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("pipeline_id", sa.String(250), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("workspace", sa.String(250), nullable=False),
        sa.Column("run_type", sa.String(50), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("queued_at", UtcDateTime()),
        sa.Column("due_at", UtcDateTime()),
        sa.Column("started_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("duration_s", sa.Float()),
        sa.Column("logical_date", UtcDateTime()),
        sa.Column("interval_start", UtcDateTime()),
        sa.Column("interval_end", UtcDateTime()),
        sa.Column("triggered_by", sa.String(500)),
        sa.Column("rows_read", sa.BigInteger()),
        sa.Column("rows_written", sa.BigInteger()),
        sa.Column("rows_rejected", sa.BigInteger()),
        sa.Column("bytes_moved", sa.BigInteger()),
        sa.Column("error", sa.Text()),
        sa.Column("error_stage", sa.String(250)),
        sa.Column("error_node", sa.String(250)),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("source_state", sa.String(50), nullable=False),
        sa.Column("source_updated_at", UtcDateTime()),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dataflow_run"),
        sa.UniqueConstraint("pipeline_id", "run_id", name="uq_dataflow_run_pipeline_id_run_id"),
    )
    for columns in (["pipeline_id", "started_at"], ["state"], ["source_id"], ["ended_at"]):
        op.create_index(f"idx_dataflow_run_{'_'.join(columns)}", "dataflow_run", columns)


def _create_nodes() -> None:
    op.create_table(
        "dataflow_run_node",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("run_key", _BIG_ID, nullable=False),
        sa.Column("node_id", sa.String(250), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("node_type", sa.String(100)),
        sa.Column("stage_id", sa.String(250), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("rows_in", sa.BigInteger()),
        sa.Column("rows_out", sa.BigInteger()),
        sa.Column("rows_rejected", sa.BigInteger()),
        sa.Column("bytes_moved", sa.BigInteger()),
        sa.Column("seconds", sa.Float()),
        sa.Column("is_checkpoint", sa.Boolean(), nullable=False),
        sa.Column("sql_hash", sa.String(64)),
        sa.Column("sql_text", sa.Text()),
        sa.Column("quality", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dataflow_run_node"),
        sa.ForeignKeyConstraint(
            ["run_key"], ["dataflow_run.id"], name="fk_dataflow_run_node_run_key", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("run_key", "node_id", name="uq_dataflow_run_node_run_key_node_id"),
    )


def _create_lease() -> None:
    op.create_table(
        "dataflow_lease",
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("term", sa.Integer(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("position", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_dataflow_lease"),
    )


def downgrade() -> None:
    for table in ("dataflow_lease", "dataflow_run_node", "dataflow_run"):
        op.drop_table(table)

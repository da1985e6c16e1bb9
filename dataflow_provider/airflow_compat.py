"""Everything private of Airflow that the product touches, each with a test; backfills are in `airflow_backfills`.

Importing this module imports no Airflow: the command line asks it for its commands on every `airflow …` call.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from dataflow_provider.errors import AuthorError

if TYPE_CHECKING:
    from airflow.cli.cli_config import ActionCommand
    from airflow.sdk import DAG
    from airflow.serialization.definitions.dag import SerializedDAG
    from sqlalchemy.orm import Session


OUR_TAG = "dataflow"
"""Tag of every Dag that a pipeline has become."""
INVALID_TAG = "dataflow:invalid"
"""Tag of a Dag that stands for a broken file, where no import error can."""
WORKSPACE_TAG = "workspace:"
"""Where the tag begins that names a pipeline's workspace."""
ENDED_EVENT = "dataflow_run_ended"
"""Event in Airflow's audit log of a run that was ended by an order of ours."""
WATERMARK_URI = "x-dataflow://watermark/"
"""Where the uris of assets begin that hold the watermark of an incremental source."""


@dataclass(frozen=True)
class DagFacts:
    """What a backfill must know of a Dag; `cron`, `timezone` and `timetable` are None without a cron timetable.

    `broken` says that the file has errors now, so that what Airflow knows is its last good version, or a Dag that only
    tells them. `has_watermarks` says that each run reads from where the one before it ended.
    """

    dag_id: str
    paused: bool
    max_active_runs: int
    cron: str | None
    timezone: str | None
    timetable: Mapping[str, Any] | None = None
    broken: bool = False
    has_watermarks: bool = False


@dataclass(frozen=True)
class RunFacts:
    """One run as it stands now; one that is gone has no id."""

    run_id: str | None
    logical_date: datetime
    state: str | None


def add_command_to_group(group: str, command: ActionCommand) -> None:
    """`airflow <group>` has one more command.

    Airflow asks providers for commands while its own parser module is half imported; its list is already there, and
    the parser is built from it afterwards.
    """
    commands = sys.modules["airflow.cli.cli_parser"].airflow_commands
    position = next(index for index, known in enumerate(commands) if known.name == group)
    known = commands[position]
    commands[position] = known._replace(subcommands=[*known.subcommands, command])


def serialize_dag(dag: DAG) -> Mapping[str, Any]:
    """Return a Dag as the Dag processor stores it."""
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.to_dict(dag)


@contextmanager
def logs_to_stderr() -> Iterator[None]:
    """What Airflow logs meanwhile goes to stderr: it logs to stdout, where a command's answer stands.

    Works on the file descriptor too, because some of Airflow's loggers keep the stream they were set up with.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def find_dag(dag_id: str) -> DagFacts | None:
    """Return what Airflow's database knows of a Dag, None when there is none (or its file is gone)."""
    from airflow.models.dag import DagModel

    with open_session() as session:
        row = session.get(DagModel, dag_id)
        dag = serialized_dag(dag_id, session) if row and not row.is_stale else None
        if row is None or dag is None:
            return None
        timetable = dag.timetable.serialize()
        return DagFacts(
            dag_id=dag_id,
            paused=bool(row.is_paused),
            max_active_runs=dag.max_active_runs,
            cron=timetable.get("expression"),
            timezone=timetable.get("timezone"),
            timetable=timetable if "expression" in timetable else None,
            broken=bool(row.has_import_errors) or INVALID_TAG in dag.tags,
            has_watermarks=any(_is_watermark(inlet) for task in dag.tasks for inlet in task.inlets),
        )


def is_broken_file(dag_id: str) -> bool:
    """Return whether a file of that name has errors now, for Dags of which there never was a good version."""
    from airflow.models.errors import ParseImportError
    from sqlalchemy import select

    with open_session() as session:
        files = session.scalars(
            select(ParseImportError.filename).where(ParseImportError.filename.endswith(f"{dag_id}.py", autoescape=True))
        )
        return any(PurePath(file or "").stem == dag_id for file in files)


def _is_watermark(inlet: object) -> bool:
    return str(getattr(inlet, "uri", "")).startswith(WATERMARK_URI)


def find_timetable(session: Session, dag_id: str) -> Mapping[str, Any] | None:
    """Return a Dag's timetable as it was stored, with `expression` and `timezone` where it has a cron; None without."""
    dag = serialized_dag(dag_id, session)
    facts = {} if dag is None else dag.timetable.serialize()
    return facts if "expression" in facts else None


def list_dag_ids() -> list[str]:
    """Return the ids of all Dags whose file is there, sorted."""
    from airflow.models.dag import DagModel
    from sqlalchemy import select

    with open_session() as session:
        return list(session.scalars(select(DagModel.dag_id).where(~DagModel.is_stale).order_by(DagModel.dag_id)))


def list_runs(dag_id: str, logical_dates: Sequence[datetime]) -> dict[datetime, RunFacts]:
    """Return the runs that a Dag has already at these logical dates."""
    if not logical_dates:
        return {}
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    with open_session() as session:
        rows = session.execute(
            select(DagRun.run_id, DagRun.logical_date, DagRun.state).where(
                DagRun.dag_id == dag_id, DagRun.logical_date.between(min(logical_dates), max(logical_dates))
            )
        )
        # A range, not a list: databases take some thousand values in a statement, and a backfill may have more runs.
        wanted = set(logical_dates)
        return {
            row.logical_date: RunFacts(row.run_id, row.logical_date, str(row.state))
            for row in rows
            if row.logical_date in wanted
        }


def clear_failed_tasks(dag_id: str, run_ids: Sequence[str]) -> None:
    """Failed tasks of these runs run again, with what they kept from running; tasks that succeeded stay as they are."""
    with open_session() as session:
        dag = serialized_dag(dag_id, session)
        if dag is None:
            raise LookupError(dag_id)
        for run_id in run_ids:
            dag.clear(run_id=run_id, only_failed=True, run_on_latest_version=True, session=session)


def serialized_dag(dag_id: str, session: Session) -> SerializedDAG | None:
    from airflow.models.serialized_dag import SerializedDagModel

    found = session.scalar(SerializedDagModel.latest_item_select_object(dag_id))
    return found.dag if found else None


@contextmanager
def open_session() -> Iterator[Session]:
    from airflow.utils.session import create_session

    with create_session() as session:
        yield session


# ---------------------------------------------------------------- runs, for the API


@dataclass(frozen=True)
class RunOrder:
    """A run to make by hand; without a window its interval is the timetable's last complete one."""

    dag_id: str
    user_id: str
    user_name: str
    conf: Mapping[str, Any]
    note: str | None
    start: datetime | None
    end: datetime | None


def create_manual_run(session: Session, order: RunOrder) -> str:
    """Airflow's scheduler has a new queued run; return its run id.

    As `POST /api/v2/dags/{dag_id}/dagRuns` does, but for callers whose right to run does not make them editors of the
    Dag: FAB lets only editors use that route.

    Raises:
        LookupError: when the Dag has no valid version.
        ValueError: when Airflow refuses the parameters.
    """
    from airflow.exceptions import ParamValidationError
    from airflow.timetables.base import DataInterval
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from pendulum import instance, now

    dag = serialized_dag(order.dag_id, session)
    if dag is None:
        raise LookupError(order.dag_id)
    moment = now("UTC")
    if order.start is not None and order.end is not None:
        interval = DataInterval(instance(order.start), instance(order.end))
    else:
        interval = dag.timetable.infer_manual_data_interval(run_after=moment)
    run_id = dag.timetable.generate_run_id(run_type=DagRunType.MANUAL, run_after=moment, data_interval=interval)
    try:
        run = dag.create_dagrun(
            run_id=run_id,
            logical_date=moment,
            data_interval=interval,
            run_after=moment,
            conf=dict(order.conf),
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.UI,
            triggering_user_name=order.user_name,
            state=DagRunState.QUEUED,
            session=session,
        )
    except ParamValidationError as exc:
        raise ValueError(str(exc)) from exc
    if order.note:
        run.note = (order.note, order.user_id)
    return run_id


def fail_run(session: Session, dag_id: str, run_id: str) -> None:
    """The run has failed and its unfinished tasks are stopped, as `PATCH …/dagRuns/{run_id}` with `failed` does.

    The audit log has `ENDED_EVENT` for it, whoever ordered it.

    Raises:
        LookupError: when there is no such run, or its Dag has no valid version.
    """
    from airflow.api_fastapi.core_api.datamodels.dag_run import DagRunMutableStates
    from airflow.api_fastapi.core_api.services.public.dag_run import patch_dag_run_state
    from airflow.models.dagbag import DBDagBag
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
    dag = DBDagBag().get_dag_for_run(run, session=session) if run else None
    if run is None or dag is None:
        raise LookupError(f"{dag_id}/{run_id}")
    patch_dag_run_state(dag=dag, dag_run=run, state=DagRunMutableStates.FAILED, session=session)
    note_ended(session, dag_id, run_id)


def note_ended(session: Session, dag_id: str, run_id: str) -> None:
    """The audit log has `ENDED_EVENT` for the run.

    Airflow has no word for a cancelled run; by this its record is told from a failure, and nobody is alarmed.
    """
    from airflow.models.log import Log

    session.add(Log(event=ENDED_EVENT, dag_id=dag_id, run_id=run_id))


def resume_run(
    session: Session, dag_id: str, run_id: str, *, on_latest_version: bool, also: Collection[str] = ()
) -> list[str]:
    """Tasks that did not succeed, those in `also`, and all behind them, run again in the same run; return their ids.

    As `POST /api/v2/dags/{dag_id}/clearTaskInstances` does for failed tasks with `include_downstream`.

    Raises:
        LookupError: when there is no such run, or its Dag has no valid version.
    """
    from airflow.models.dagbag import DBDagBag
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
    dag = None
    if run is not None:
        latest = serialized_dag(dag_id, session) if on_latest_version else None
        dag = latest or DBDagBag().get_dag_for_run(run, session=session)
    if run is None or dag is None:
        raise LookupError(f"{dag_id}/{run_id}")
    ended = {one.task_id: one.state for one in run.get_task_instances(session=session)}
    ids = {
        task_id
        for task_id, state in ended.items()
        if task_id in dag.task_dict and (state != "success" or task_id in also)
    }
    for task_id in tuple(ids):
        ids |= set(dag.task_dict[task_id].get_flat_relative_ids(upstream=False))
    dag.clear(run_id=run_id, task_ids=sorted(ids), run_on_latest_version=on_latest_version, session=session)
    return sorted(ids)


# ---------------------------------------------------------------- state of assets, for the command line


def read_asset_states(prefix: str) -> dict[str, dict[str, Any]]:
    """Return what the state stores of assets hold whose names begin so, by name and key; empty ones are left out."""
    import json

    from airflow.models.asset import AssetModel
    from airflow.models.asset_state_store import AssetStateStoreModel as State
    from sqlalchemy import select

    query = select(AssetModel.name, State.key, State.value).join(AssetModel, AssetModel.id == State.asset_id)
    found: dict[str, dict[str, Any]] = {}
    with open_session() as session:
        for name, key, value in session.execute(query.where(AssetModel.name.startswith(prefix, autoescape=True))):
            found.setdefault(name, {})[key] = json.loads(value)
    return found


def replace_asset_state(name: str, values: Mapping[str, Any]) -> None:
    """The asset's state store holds these values and no others.

    Raises:
        LookupError: when no Dag names the asset.
    """
    import json

    from airflow._shared.state import AssetScope
    from airflow.models.asset import AssetModel
    from airflow.state import get_state_backend
    from sqlalchemy import select

    with open_session() as session:
        asset_id = session.scalar(select(AssetModel.id).where(AssetModel.name == name, AssetModel.active.has()))
        if asset_id is None:
            raise LookupError(name)
        scope, backend = AssetScope(asset_id=asset_id), get_state_backend()
        backend.clear(scope, session=session)
        for key, value in values.items():
            backend.set(scope, key, json.dumps(value), session=session)


# ---------------------------------------------------------------- users, for the API and the demo


@dataclass(frozen=True)
class FabRole:
    """A role as FAB stores it: pairs of action and resource."""

    name: str
    permissions: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class FabUser:
    """A user of FAB's own database."""

    username: str
    first_name: str
    last_name: str
    email: str
    role: str
    password: str


def find_simple_role(user: Any) -> str | None:
    """Return the one role of a user of Airflow's simple auth manager; None for every other user."""
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return (user.role or "") if isinstance(user, SimpleAuthManagerUser) else None


def list_role_names(user: Any) -> tuple[str, ...]:
    """Return the names of a FAB user's roles; empty where the auth manager gives users no roles."""
    return tuple(str(getattr(role, "name", role)) for role in getattr(user, "roles", None) or ())


def sync_fab_roles(roles: Sequence[FabRole], owned_prefix: str) -> None:
    """FAB has these roles with at least these permissions, and of resources with `owned_prefix` exactly these.

    What an administrator added to a role of ours beside our own resources stays.
    """
    with _fab_builder() as builder:
        manager = builder.sm
        manager.bulk_sync_roles([{"role": role.name, "perms": sorted(role.permissions)} for role in roles])
        for role in roles:
            stored = manager.find_role(role.name)
            for permission in list(stored.permissions):
                pair = (permission.action.name, permission.resource.name)
                if pair[1].startswith(owned_prefix) and pair not in role.permissions:
                    manager.remove_permission_from_role(stored, permission)


def sync_fab_users(users: Sequence[FabUser]) -> None:
    """FAB has these users with exactly this role and password.

    Raises:
        AuthorError: DF-SEC-001 when FAB refuses to make a user.
    """
    with _fab_builder() as builder:
        manager = builder.sm
        for user in users:
            role = manager.find_role(user.role)
            known = manager.find_user(username=user.username)
            if known is None:
                known = manager.add_user(
                    user.username, user.first_name, user.last_name, user.email, role, password=user.password
                )
                if not known:
                    raise AuthorError("DF-SEC-001", f"FAB could not make the user `{user.username}`; its log says why.")
                continue
            known.roles = [role]
            manager.update_user(known)
            if not manager.check_password(user.username, user.password):
                manager.reset_password(known.id, user.password)


@contextmanager
def _fab_builder() -> Iterator[Any]:
    """FAB's application builder, without its line in the log for each of hundreds of permissions.

    Raises:
        AuthorError: DF-SEC-003 when Airflow's auth manager is another one.
    """
    from airflow.configuration import conf

    configured = conf.get("core", "auth_manager", fallback="")
    if not configured.endswith(".FabAuthManager"):
        raise AuthorError(
            "DF-SEC-003",
            f"Airflow's auth manager is `{configured}`; roles are kept in the database of FAB's only.",
            hint="Set `AIRFLOW__CORE__AUTH_MANAGER` to "
            "`airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager`, then run `airflow db migrate`.",
        )
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    fab_log = logging.getLogger("airflow.providers.fab.auth_manager.security_manager.override")
    level = fab_log.level
    fab_log.setLevel(logging.ERROR)
    try:
        with get_application_builder() as builder:
            yield builder
    finally:
        fab_log.setLevel(level)


def find_log_files(task: Any, try_number: int) -> list[Path]:
    """Return the file of a try's log where it lies on this machine; none where logs are kept in another way."""
    from airflow.utils.log.file_task_handler import FileTaskHandler
    from airflow.utils.log.log_reader import TaskLogReader

    handler = TaskLogReader().log_handler
    if not isinstance(handler, FileTaskHandler):
        return []
    file = Path(handler.local_base, handler._render_filename(task, try_number))
    return [file] if file.is_file() else []


def remote_log_store() -> Any:
    """Return where this Airflow carries logs away to, as a task reaches it without a database; None without one."""
    from airflow.sdk.log import load_remote_log_handler

    return load_remote_log_handler()

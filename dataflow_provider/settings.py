"""The `[dataflow]` options: from `AIRFLOW__DATAFLOW__<KEY>`, else from section `[dataflow]` of airflow.cfg.

Read without importing Airflow, so that the command line and the compiler start quickly and run without it.
"""

from __future__ import annotations

import configparser
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dataflow_provider.errors import AuthorError

SECTION = "dataflow"
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Settings:
    """Options of the installation; None or empty means the default that depends on the project (see `Project`).

    `pipelines_folder`: the folder whose files become Dags, by default `yaml_pipelines` in the Airflow home.
    `file_roots`: folders local files must lie under. `warehouse`: file of the embedded DuckDB.
    `workspace_connections`: patterns of the connection ids that a workspace's pipelines may use; None: every one.
    `environment`: the name of this environment, such as `prod`; it keeps the runs of several apart.
    `warehouse_lock_timeout_s`: how long a stage waits in line for a DuckDB file (option `warehouse_lock_timeout`).
    `run_retention_days`: how long records of runs are kept, 0 for ever.
    `stage_retention_days`: how long stage tables and checkpoints are kept that nobody came back for, a day at least.
    `maintenance_schedule`: the cron of the maintenance Dag, in UTC, or `never`.
    `diagnosis_model`: connection of the model that is asked about failures which signatures leave open; empty: none.
    """

    pipelines_folder: Path
    file_roots: tuple[Path, ...] = ()
    warehouse: Path | None = None
    warehouse_lock_timeout_s: float = 600.0
    workspace_connections: Mapping[str, tuple[str, ...]] | None = None
    run_retention_days: float = 400.0
    environment: str = ""
    diagnosis_model: str = ""
    stage_retention_days: float = 7.0
    maintenance_schedule: str = "30 3 * * *"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Return the options as they stand now.

        Raises:
            AuthorError: DF-SETTINGS-001 for a path that is not absolute, DF-SETTINGS-002 for an unreadable airflow.cfg,
                DF-SETTINGS-003 for a number that is none, DF-SETTINGS-004 for unreadable workspaces,
                DF-SETTINGS-005 for an environment that is no name.
        """
        environ = os.environ if environ is None else environ
        roots = (part.strip() for part in _option("file_roots", environ).split(":"))
        return cls(
            pipelines_folder=_path("pipelines_folder", environ) or _airflow_home(environ) / "yaml_pipelines",
            file_roots=tuple(_absolute("file_roots", part) for part in roots if part),
            warehouse=_path("warehouse", environ),
            workspace_connections=_patterns("workspace_connections", environ),
            warehouse_lock_timeout_s=_number("warehouse_lock_timeout", environ, cls.warehouse_lock_timeout_s),
            run_retention_days=_number("run_retention_days", environ, cls.run_retention_days),
            environment=_environment("environment", environ),
            stage_retention_days=_number("stage_retention_days", environ, cls.stage_retention_days, least=1),
            maintenance_schedule=_option("maintenance_schedule", environ).strip() or cls.maintenance_schedule,
            diagnosis_model=_option("diagnosis_model", environ).strip(),
        )


def _number(key: str, environ: Mapping[str, str], default: float, *, least: float = 0) -> float:
    text = _option(key, environ).strip()
    try:
        number = float(text) if text else default
    except ValueError:
        number = -1.0
    if not least <= number < float("inf"):
        raise AuthorError(
            "DF-SETTINGS-003",
            f"The setting `[{SECTION}] {key}` holds `{text}`, which is no number of at least {least:g}.",
            hint=f"Set `AIRFLOW__DATAFLOW__{key.upper()}` to a number such as `{default:g}`.",
        )
    return number


def _patterns(key: str, environ: Mapping[str, str]) -> Mapping[str, tuple[str, ...]] | None:
    """A text that cannot be read opens nothing: it is an error, not a setting that is left out."""
    text = _option(key, environ).strip()
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(_are_texts(patterns) for patterns in found.values()):
        raise AuthorError(
            "DF-SETTINGS-004",
            f"The setting `[{SECTION}] {key}` holds `{text}`, which is no JSON object of lists of texts.",
            hint='Write for example {"billing": ["dwh", "billing_*"], "*": ["shared_*"]}.',
        )
    return {workspace: tuple(patterns) for workspace, patterns in found.items()}


def _environment(key: str, environ: Mapping[str, str]) -> str:
    text = _option(key, environ).strip()
    if text and not _ENVIRONMENT.fullmatch(text):
        raise AuthorError(
            "DF-SETTINGS-005",
            f"The setting `[{SECTION}] {key}` holds `{text}`, which is no name of an environment.",
            hint="Use small letters, digits and `_`, a letter first, at most 63, such as `prod`.",
        )
    return text


def _are_texts(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(one, str) for one in found)


def _path(key: str, environ: Mapping[str, str]) -> Path | None:
    text = _option(key, environ).strip()
    return _absolute(key, text) if text else None


def _absolute(key: str, text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise AuthorError(
            "DF-SETTINGS-001",
            f"The setting `[{SECTION}] {key}` holds `{text}`, which is no absolute path.",
            hint=f"Set `AIRFLOW__DATAFLOW__{key.upper()}` to a path that starts with `/`.",
        )
    return path


def _option(key: str, environ: Mapping[str, str]) -> str:
    value = environ.get(f"AIRFLOW__DATAFLOW__{key.upper()}")
    return value if value is not None else _section(_config_file(environ)).get(key, "")


def _config_file(environ: Mapping[str, str]) -> Path:
    configured = environ.get("AIRFLOW_CONFIG")
    return Path(configured).expanduser() if configured else _airflow_home(environ) / "airflow.cfg"


def _airflow_home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()


def _section(path: Path) -> Mapping[str, str]:
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return {}
    return _read_section(path, changed)


@lru_cache(maxsize=8)
def _read_section(path: Path, changed: int) -> Mapping[str, str]:
    """Parsing a generated airflow.cfg takes milliseconds; `changed` makes an edit seen."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError) as exc:
        first = str(exc).splitlines()[0]
        raise AuthorError("DF-SETTINGS-002", f"The file `{path}` cannot be read as airflow.cfg: {first}.") from exc
    return dict(parser[SECTION]) if parser.has_section(SECTION) else {}

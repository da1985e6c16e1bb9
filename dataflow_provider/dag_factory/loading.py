"""What a Dag file calls: a stub loads its own pipeline, the plain loader a whole folder.

A worker is told which Dag it needs, and builds no other.
"""

from __future__ import annotations

import gc
import logging
import os
import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow.configuration import conf
from airflow.sdk import DAG, get_parsing_context

from dataflow_provider.airflow_compat import INVALID_TAG, OUR_TAG, WORKSPACE_TAG
from dataflow_provider.dag_factory.builder import DEFAULT_OWNER, build_dag
from dataflow_provider.dag_factory.discovery import PipelineFile, find_pipeline, find_pipelines
from dataflow_provider.dag_factory.docs import render_invalid_doc
from dataflow_provider.dag_factory.stub import Origin, read_stub
from dataflow_provider.operators.markers import InvalidPipelineOperator
from dataflow_provider.settings import Settings
from dataflow_provider.spec.findings import Finding, InvalidPipelineError, Severity
from dataflow_provider.spec.loader import Loaded, load_pipeline, parse_pipeline

logger = logging.getLogger(__name__)

_IMPORTED_IN = os.getpid()
OUR_BUNDLES = "dataflow_provider.dag_factory."
SAMPLE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: sample
schedule: {cron: "0 0 * * *"}
params: {least: {type: integer, default: 1}}
nodes:
  a: {type: source.duckdb, table: a}
  b: {type: target.duckdb, from: a, table: b}
"""


def load_stub(stub_file: str) -> DAG:
    """Return the Dag of the pipeline whose text stands in a stub; the YAML itself is not read again.

    So what Airflow parsed, what its Code tab shows and what a worker runs are the same text.

    Raises:
        InvalidPipelineError: with all findings; Airflow shows them as the file's import error.
    """
    with open(stub_file, encoding="utf-8") as stub:
        origin, yaml = read_stub(stub.read())
    with collector_at_rest():
        if yaml is None:
            return build_origin(load_origin(origin), origin)
        return build_origin(parse_pipeline(yaml.encode("utf-8", errors="surrogateescape"), origin.shown), origin)


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Python collects no garbage while one Dag is built, nor walks the new Dag right after.

    Its many small objects stay, so each pass would be for nothing (docs/benchmarks.md). `freeze` and `unfreeze` move
    them to the oldest generation without looking at them; a full collection still finds what nobody holds any more.
    Not in a fork: there the parent's objects are frozen by Airflow and must stay so.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled and os.getpid() == _IMPORTED_IN:
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()


def load_folder(namespace: MutableMapping[str, Any], folder: Path | None = None) -> None:
    """The Dags of a pipelines folder stand in `namespace`; a broken file becomes a Dag that shows its findings.

    For installations with a plain Dags folder. With one of our bundles configured nothing is loaded: the same Dags
    would exist twice.
    """
    if bundles_configured():
        logger.warning("pipelines come from a bundle; the plain loader leaves them alone")
        return
    root = folder or Settings.load().pipelines_folder
    wanted = get_parsing_context().dag_id
    files = find_pipelines(root) if wanted is None else find_pipeline(root, wanted)
    for file in files:
        namespace[f"pipeline_{file.pipeline_id}"] = load_file(file)


def load_file(file: PipelineFile) -> DAG:
    """Return the Dag of one file on disk, or the Dag that shows what is wrong with it."""
    try:
        return build_origin(load_origin(file.origin), file.origin)
    except InvalidPipelineError as exc:
        logger.warning("%s", exc)
        return build_invalid_dag(file, exc.findings)


def load_origin(origin: Origin) -> Loaded:
    """Return the pipeline as it stands on disk.

    Raises:
        InvalidPipelineError: for a link that leads out of the pipelines folder.
    """
    if origin.refused == "link":
        message = "The file is a link that leads out of the pipelines folder."
        raise InvalidPipelineError([_finding("DF-DAG-002", origin, message, "Copy the file into the folder.")])
    try:
        return parse_pipeline(Path(origin.path).read_bytes(), origin.shown)
    except OSError:
        return load_pipeline(Path(origin.path))


def build_origin(loaded: Loaded, origin: Origin) -> DAG:
    """Return the Dag of a loaded file.

    Raises:
        InvalidPipelineError: when the file has errors, or another file has the same id.
    """
    if origin.rivals:
        others = ", ".join(f"`{path}`" for path in origin.rivals)
        message = f"The id `{Path(origin.path).stem}` is also that of {others}; a Dag can have one file only."
        rival = _finding("DF-DAG-001", origin, message, "Rename one of the files, and its `id`.")
        raise InvalidPipelineError((rival, *loaded.findings))
    return build_dag(loaded, workspace=origin.workspace, path=origin.path)


def build_invalid_dag(file: PipelineFile, findings: tuple[Finding, ...]) -> DAG:
    """Return a Dag without a schedule whose page, and whose only task's log, show the findings."""
    text = "\n".join(str(finding) for finding in findings)
    dag = DAG(
        dag_id=re.sub(r"[^\w.-]", "_", file.pipeline_id),
        description="This pipeline cannot run; its page says why",
        schedule=None,
        tags=[OUR_TAG, INVALID_TAG, f"{WORKSPACE_TAG}{file.origin.workspace}"],
        doc_md=render_invalid_doc(findings),
    )
    InvalidPipelineOperator(dag=dag, task_id="findings", findings_text=text, owner=DEFAULT_OWNER)
    return dag


def build_sample() -> DAG:
    """Return the Dag of a pipeline that uses a bit of everything; see `bundles.preload_parser`."""
    return build_dag(parse_pipeline(SAMPLE, "sample.yaml"), workspace="sample", path="sample.yaml")


def bundles_configured() -> bool:
    """Return whether Airflow gets its Dags from one of our bundles."""
    bundles = conf.getjson("dag_processor", "dag_bundle_config_list", fallback=[])
    return isinstance(bundles, list) and any(str(bundle["classpath"]).startswith(OUR_BUNDLES) for bundle in bundles)


def _finding(code: str, origin: Origin, message: str, hint: str) -> Finding:
    return Finding(code, Severity.ERROR, origin.shown, 1, 1, None, message, hint)

"""The running product as the tests use it: files, HTTP per user, the two command lines, and the warehouse."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
from playwright.sync_api import Page

from dataflow_provider.demo.airflow import DemoAirflow
from dataflow_provider.demo.telecom import TelecomSize

CHROMIUM_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
TERMINAL = {"success", "failed", "warning", "cancelled", "skipped"}
SEEN_WITHIN_S = 60.0
RUN_WITHIN_S = 120.0
SIZE = TelecomSize(cdrs=5_000)
Answer = TypeVar("Answer")


def find_chromium() -> str:
    """Return the path of Debian's Chromium; its absence fails the tests, it never skips them."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "Chromium is missing: run `make test`, which installs it as root or says what to install"
    return found


@dataclass
class Product:
    """A started Airflow with our plugin, and who may log in."""

    airflow_process: DemoAirflow
    project: Path
    _clients: dict[str, httpx.Client] = field(default_factory=dict)
    _finished: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.airflow_process.url

    # ------------------------------------------------------------ HTTP

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def anonymous(self) -> httpx.Client:
        """A client of our API without a login."""
        if "" not in self._clients:
            self._clients[""] = httpx.Client(base_url=f"{self.url}/dataflow/api/v1", timeout=30)
        return self._clients[""]

    def token(self, user: str) -> str:
        answer = httpx.post(
            f"{self.url}/auth/token",
            json={"username": user, "password": self.airflow_process.passwords[user]},
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["access_token"]
        return token

    def client(self, user: str) -> httpx.Client:
        """A client of our API logged in as a demo user."""
        if user not in self._clients:
            headers = {"Authorization": f"Bearer {self.token(user)}"}
            self._clients[user] = httpx.Client(base_url=f"{self.url}/dataflow/api/v1", headers=headers, timeout=30)
        return self._clients[user]

    def airflow_api(self) -> httpx.Client:
        """A client of Airflow's public API as admin."""
        if "airflow" not in self._clients:
            headers = {"Authorization": f"Bearer {self.token('admin')}"}
            self._clients["airflow"] = httpx.Client(base_url=f"{self.url}/api/v2", headers=headers, timeout=30)
        return self._clients["airflow"]

    def import_errors(self) -> list[dict[str, Any]]:
        errors: list[dict[str, Any]] = self.airflow_api().get("/importErrors").json()["import_errors"]
        return errors

    # ------------------------------------------------------------ files

    def write(self, pipeline_id: str, text: str) -> None:
        """Save a pipeline as an editor does: a whole new file in place of the old one."""
        folder = self.project / "yaml_pipelines" / "e2e"
        folder.mkdir(exist_ok=True)
        (folder / f".{pipeline_id}.new").write_text(text, encoding="utf-8")
        (folder / f".{pipeline_id}.new").replace(folder / f"{pipeline_id}.yaml")

    def remove(self, pipeline_id: str) -> None:
        (self.project / "yaml_pipelines" / "e2e" / f"{pipeline_id}.yaml").unlink()

    # ------------------------------------------------------------ pipelines and runs

    def pipeline(self, pipeline_id: str) -> dict[str, Any] | None:
        answer = self.client("engineer").get("/pipelines", params={"search": pipeline_id, "limit": 100})
        assert answer.status_code == 200, answer.text
        return next((item for item in answer.json()["items"] if item["id"] == pipeline_id), None)

    def wait_for_pipeline(
        self, pipeline_id: str, condition: Callable[[dict[str, Any]], bool] = lambda item: True
    ) -> dict[str, Any]:
        """Return the pipeline as soon as it is listed and the condition holds."""
        return wait_for(
            lambda: found if (found := self.pipeline(pipeline_id)) and condition(found) else None, SEEN_WITHIN_S
        )

    def wait_until_gone(self, pipeline_id: str) -> None:
        wait_for(lambda: self.pipeline(pipeline_id) is None, SEEN_WITHIN_S)

    def unpause(self, pipeline_id: str) -> None:
        answer = self.client("engineer").patch(f"/pipelines/{pipeline_id}", json={"is_paused": False})
        assert answer.status_code == 200, answer.text

    def run(self, pipeline_id: str, **body: object) -> dict[str, Any]:
        """Run a pipeline through our API and return the run document once it has ended."""
        self.unpause(pipeline_id)
        answer = self.client("engineer").post(f"/pipelines/{pipeline_id}/runs", json=body)
        assert answer.status_code == 201, answer.text
        return self.wait_for_run(pipeline_id, answer.json()["run_id"])

    def wait_for_run(self, pipeline_id: str, run_id: str) -> dict[str, Any]:
        def finished() -> dict[str, Any] | None:
            answer = self.client("engineer").get(f"/runs/{pipeline_id}/{run_id}")
            assert answer.status_code == 200, answer.text
            document: dict[str, Any] = answer.json()
            return document if document["run"]["state"] in TERMINAL else None

        return wait_for(finished, RUN_WITHIN_S)

    def finished_run(self, pipeline_id: str) -> dict[str, Any]:
        """A finished run of a sample pipeline, made once for all tests that only read it."""
        if pipeline_id not in self._finished:
            self.wait_for_pipeline(pipeline_id)
            self._finished[pipeline_id] = self.run(pipeline_id)
        return self._finished[pipeline_id]

    def runs(self, pipeline_id: str, run_type: str) -> list[dict[str, Any]]:
        answer = self.airflow_api().get(f"/dags/{pipeline_id}/dagRuns", params={"run_type": run_type})
        assert answer.status_code == 200, answer.text
        runs: list[dict[str, Any]] = answer.json()["dag_runs"]
        return runs

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the warehouse as a second process does: in line with whoever is writing."""
        return self.airflow_process.query(sql)[1]

    # ------------------------------------------------------------ command lines

    def airflow(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._call([sys.executable, "-m", "airflow", *arguments])

    def dataflow(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._call([sys.executable, "-m", "dataflow_provider.cli.main", *arguments])

    def _call(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment: Mapping[str, str] = {**os.environ, **self.airflow_process.environment}
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=self.project, check=False, timeout=240
        )

    # ------------------------------------------------------------ browser

    def log_in(self, page: Page, user: str, then: str) -> None:
        """Log in through Airflow's own form and open a page of the product."""
        page.goto(f"{self.url}/auth/login/")
        page.fill("input[name=username]", user)
        page.fill("input[name=password]", self.airflow_process.passwords[user])
        page.locator("input[type=submit], button[type=submit]").first.click()
        page.wait_for_url(lambda url: "/auth/login" not in url)
        page.goto(f"{self.url}{then}")


def wait_for(probe: Callable[[], Answer | None], seconds: float) -> Answer:
    """Return the probe's first truthy answer; asks twice a second."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.5)


@contextmanager
def start_product(
    project: Path,
    *,
    settings: Mapping[str, str] | None = None,
    kind: type[DemoAirflow] = DemoAirflow,
) -> Iterator[Product]:
    """Start the embedded Airflow on the project's pipelines and stop every process of it afterwards."""
    pipelines, examples = project / "yaml_pipelines", project / "dags" / "examples"
    with kind(
        project / ".demo", pipelines, size=SIZE, examples=examples if examples.exists() else None, settings=settings
    ) as airflow:
        product = Product(airflow, project)
        try:
            yield product
        finally:
            product.close()

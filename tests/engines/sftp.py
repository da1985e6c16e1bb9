"""An OpenSSH server of the tests' own: one login, by password or key, in a folder of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dataflow_provider.connectors.connections import ConnectionSpec
from tests.engines.processes import Server, answers, free_port, require_program

PACKAGE = "openssh-server"


@dataclass
class SftpServer:
    """A running server; `files` is where relative paths start. It may be stopped and started again on its port."""

    folder: Path
    port: int
    program: Path
    server: Server | None = None

    @property
    def files(self) -> Path:
        return self.folder / "files"

    @property
    def host_key(self) -> str:
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    @property
    def spec(self) -> ConnectionSpec:
        """The connection, by key, with the server's key known."""
        extra = {"private_key": (self.folder / "login_key").read_text(), "host_key": self.host_key}
        return ConnectionSpec("landing", "sftp", "127.0.0.1", self.port, None, getpass.getuser(), None, extra)

    @property
    def read_only(self) -> ConnectionSpec:
        """A login that may write nothing."""
        extra = {**self.spec.extra, "private_key": (self.folder / "reader_key").read_text()}
        return replace(self.spec, extra=extra)

    def start(self) -> None:
        command = (self.program, "-D", "-e", "-f", self.folder / "sshd_config")
        self.server = Server(command, self.folder / "server.log")
        self.server.wait_until(lambda: answers(self.port))

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()

    def drop(self) -> None:
        """The server and the sessions it has open are gone at once."""
        assert self.server is not None
        children = Path(f"/proc/{self.server.process.pid}/task/{self.server.process.pid}/children")
        waiting = [int(one) for one in children.read_text().split()]
        self.server.process.kill()
        self.server.process.wait()
        while waiting:
            child = waiting.pop()
            below = Path(f"/proc/{child}/task/{child}/children")
            waiting += [int(one) for one in below.read_text().split()] if below.exists() else []
            try:
                os.kill(child, 9)
            except ProcessLookupError:
                continue


@pytest.fixture(scope="session")
def sftp_process() -> Iterator[SftpServer]:
    program = require_program("sshd", PACKAGE, "usr/sbin/sshd")
    folder = Path(tempfile.mkdtemp(prefix="dataflow-sftp-"))
    running = SftpServer(folder, free_port(), program)
    try:
        _configure(running)
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sftp_server(sftp_process: SftpServer) -> SftpServer:
    """The server with an empty folder; one that a test has stopped runs again."""
    if not answers(sftp_process.port):
        sftp_process.start()
    shutil.rmtree(sftp_process.files, ignore_errors=True)
    sftp_process.files.mkdir()
    return sftp_process


def _configure(server: SftpServer) -> None:
    folder = server.folder
    for name in ("host_key", "login_key", "reader_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    reader = f'command="internal-sftp -R -d {server.files}" ' + (folder / "reader_key.pub").read_text()
    (folder / "authorized").write_text((folder / "login_key.pub").read_text() + reader)
    server.files.mkdir()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    (folder / "sshd_config").write_text(
        f"Port {server.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder}/authorized\nPidFile {folder}/pid\nPermitRootLogin yes\n"
        f"Subsystem sftp internal-sftp -d {server.files}\nPasswordAuthentication no\nMaxStartups 100\n"
    )

"""Ports: the wanted one or a clear refusal, else the next free one."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from dataflow_provider.demo import ports
from dataflow_provider.demo.ports import choose_port, is_free
from dataflow_provider.errors import AuthorError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


def test_choose_port_gives_the_wanted_port_when_free(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        wanted = int(probe.getsockname()[1])
    chosen = choose_port(wanted)
    chosen.release()
    assert chosen.number == wanted


def test_choose_port_refuses_a_taken_port_and_says_what_to_do(taken: int) -> None:
    with pytest.raises(AuthorError, match=rf"DF-DEMO-004.*`{taken}`.*--port"):
        choose_port(taken)


def test_choose_port_without_a_wish_passes_over_a_taken_port(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "FIRST_PORT", taken)
    chosen = choose_port(None)
    chosen.release()
    assert taken < chosen.number <= taken + ports.TRIED_PORTS


def test_choose_port_when_all_are_taken_says_so(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "FIRST_PORT", taken)
    monkeypatch.setattr(ports, "TRIED_PORTS", 1)
    with pytest.raises(AuthorError, match="DF-DEMO-004"):
        choose_port(None)


def test_choose_port_passes_over_a_port_that_another_demo_will_soon_use(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "FIRST_PORT", taken)
    first = choose_port(None)
    second = choose_port(None)
    assert is_free(first.number)
    assert first.number != second.number
    first.release()
    third = choose_port(first.number)
    assert third.number == first.number
    second.release()
    third.release()


@pytest.mark.parametrize("port", [-1, 65_536, 1_000_000])
def test_is_free_of_no_port_at_all_is_false(port: int) -> None:
    assert not is_free(port)

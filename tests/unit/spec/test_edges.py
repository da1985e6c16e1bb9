from __future__ import annotations

from typing import Any

import pytest

from dataflow_provider.spec.edges import InputRef, inputs_of, ports_of
from dataflow_provider.spec.node_types import MODEL_OF_TYPE
from dataflow_provider.spec.nodes import NodeBase


def make(type_: str, **fields: Any) -> NodeBase:
    return MODEL_OF_TYPE[type_].model_validate({"type": type_, **fields})


@pytest.mark.parametrize(
    ("node", "inputs"),
    [
        (make("source.duckdb", table="t"), ()),
        (make("transform.sort", **{"from": "a"}), (InputRef(None, "a", None),)),
        (make("transform.sort", **{"from": "a.rejected"}), (InputRef(None, "a", "rejected"),)),
        (make("transform.union", **{"from": ["a", "b.x"]}), (InputRef(None, "a", None), InputRef(None, "b", "x"))),
        (make("transform.join", **{"from": ["a", "b"]}), (InputRef("left", "a", None), InputRef("right", "b", None))),
        (make("transform.join", **{"from": ["a"]}), (InputRef(None, "a", None),)),
        (
            make("transform.join", **{"from": {"right": "b", "left": "a"}}),
            (InputRef("right", "b", None), InputRef("left", "a", None)),
        ),
    ],
)
def test_inputs_of_every_way_to_write_from(node: NodeBase, inputs: tuple[InputRef, ...]) -> None:
    assert inputs_of(node) == inputs


@pytest.mark.parametrize(
    ("node", "ports"),
    [
        (make("source.duckdb", table="t"), ()),
        (make("source.file", path="p", format="csv"), ()),
        (make("source.file", path="p", format="csv", on_bad_record="reject"), ("rejected",)),
        (make("transform.filter", where="a"), ("rejected",)),
        (make("transform.select", columns=["a", {"name": "b", "cast": "INT"}]), ()),
        (make("transform.select", columns=["a", {"name": "b", "on_error": "reject"}]), ("rejected",)),
        (make("transform.router", routes={"big": "a", "small": "b"}), ("big", "small", "default")),
        (make("transform.router", routes={"big": "a"}, default="rest"), ("big", "rest")),
        (make("quality.row_rule", where="a"), ()),
        (make("quality.row_rule", where="a", severity="quarantine"), ("rejected",)),
        (
            make("ai.enrich", prompt="p", inputs=["a"], outputs={"b": {"type": "string"}}, on_error="reject"),
            ("rejected",),
        ),
    ],
)
def test_ports_of_every_kind_of_node(node: NodeBase, ports: tuple[str, ...]) -> None:
    assert ports_of(node) == ports

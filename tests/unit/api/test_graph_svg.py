"""The drawn graph."""

from __future__ import annotations

from xml.etree import ElementTree

from dataflow_provider.api.datamodels import Graph, GraphEdge, GraphNode
from dataflow_provider.api.graph_svg import NODE_HEIGHT, NODE_WIDTH, place_nodes, render_graph_svg, waypoint


def graph(*edges: tuple[str, str], extra: tuple[str, ...] = ()) -> Graph:
    names = dict.fromkeys([*(name for edge in edges for name in edge), *extra])
    nodes = [
        GraphNode(
            id=name, type="transform.filter", kind="transform", label=name, stage=None, connection=None, ports=[],
            description=None, enabled=True, meta={},
        )
        for name in names
    ]  # fmt: skip
    drawn = [GraphEdge(source=source, port=None, target=target, role=None, kind="data") for source, target in edges]
    return Graph(nodes=nodes, edges=drawn, stages=[])


def test_every_edge_goes_to_the_right() -> None:
    drawn = graph(("a", "b"), ("b", "c"), ("a", "c"), ("d", "c"), ("c", "e"))
    spots = place_nodes(drawn)
    assert all(spots[edge.source].x + NODE_WIDTH < spots[edge.target].x for edge in drawn.edges)


def test_no_two_nodes_overlap() -> None:
    spots = list(place_nodes(graph(*((f"s{n}", f"t{n % 3}") for n in range(12)), extra=("lone",))).values())
    for index, spot in enumerate(spots):
        for other in spots[index + 1 :]:
            assert abs(spot.x - other.x) >= NODE_WIDTH or abs(spot.y - other.y) >= NODE_HEIGHT


def test_neighbours_are_drawn_in_one_order_so_that_edges_do_not_cross() -> None:
    spots = place_nodes(graph(("a", "z"), ("b", "y"), ("c", "x"), extra=("x", "y", "z")))
    assert spots["z"].y < spots["y"].y < spots["x"].y


def test_long_edge_passes_beside_the_nodes_between() -> None:
    spots = place_nodes(graph(("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")))
    for column, between in ((1, "b"), (2, "c")):
        passing = spots[waypoint("a", column)]
        assert passing.x == spots[between].x
        assert abs(passing.y - spots[between].y) >= NODE_HEIGHT


def test_cycle_is_drawn_all_the_same() -> None:
    drawn = graph(("a", "b"), ("b", "c"), ("c", "a"))
    assert {"a", "b", "c"} <= set(place_nodes(drawn))
    assert render_graph_svg(drawn, "loop").count("<path class") == 3


def test_empty_graph_is_an_empty_picture() -> None:
    assert ElementTree.fromstring(render_graph_svg(graph(), "none")).tag.endswith("svg")


def test_names_cannot_become_markup() -> None:
    drawn = graph(("a", "b"))
    evil = drawn.nodes[0].model_copy(update={"label": "<script>", "description": '"><script>alert(1)</script>'})
    text = render_graph_svg(drawn.model_copy(update={"nodes": [evil, drawn.nodes[1]]}), "</title><script>")
    assert "<script>" not in text
    assert len(ElementTree.fromstring(text).findall(".//{*}rect")) == 4


def test_picture_holds_every_node() -> None:
    root = ElementTree.fromstring(render_graph_svg(graph(("calls", "mart")), "Usage"))
    texts = [element.text for element in root.iter() if element.get("class") == "name"]
    assert texts == ["calls", "mart"]

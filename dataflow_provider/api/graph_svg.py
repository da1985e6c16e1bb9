"""A pipeline's graph as a small picture: layers from left to right, colours that hold on light and dark pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from dataflow_provider.api.datamodels import Graph, GraphEdge, GraphNode

NODE_WIDTH, NODE_HEIGHT = 176, 44
GAP_X, GAP_Y, MARGIN = 56, 20, 12
MAX_LABEL = 22
SWEEPS = 4

_STYLE = """
text{font-family:Inter,system-ui,sans-serif;fill:#6b7280}
.name{font-size:13px;font-weight:600;fill:#374151}
.type{font-size:11px}
.box{fill:#ffffff;stroke:#9ca3af}
.off{stroke-dasharray:4 3;opacity:.6}
.edge{fill:none;stroke:#9ca3af;stroke-width:1.5}
.after{stroke-dasharray:3 3}
.source{fill:#0e7490}.transform{fill:#4f46e5}.quality{fill:#b45309}.ai{fill:#a21caf}.target{fill:#15803d}
@media (prefers-color-scheme:dark){.name{fill:#e5e7eb}.box{fill:#1f2937;stroke:#6b7280}text{fill:#9ca3af}}
""".strip()
_OPENING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
    'role="img" aria-labelledby="t">'
)
_ARROW = (
    '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 8 4 0 8z" fill="#9ca3af"/></marker></defs>'
)


@dataclass(frozen=True)
class Spot:
    """The upper left corner of a node."""

    x: float
    y: float


def render_graph_svg(graph: Graph, title: str) -> str:
    """Return the SVG text; the graph's names are escaped, nothing in them becomes markup."""
    spots = place_nodes(graph)
    width = max((spot.x for spot in spots.values()), default=0) + NODE_WIDTH + MARGIN
    height = max((spot.y for spot in spots.values()), default=0) + NODE_HEIGHT + MARGIN
    depth = _depths(graph)
    edges = [_edge(edge, spots, depth) for edge in graph.edges]
    nodes = [_node(node, spots[node.id]) for node in graph.nodes]
    return "\n".join(
        [
            _OPENING.format(width=f"{width:g}", height=f"{height:g}"),
            f'<title id="t">Graph of {escape(title)}</title>',
            f"<style>{_STYLE}</style>",
            _ARROW,
            *edges,
            *nodes,
            "</svg>",
            "",
        ]
    )


def place_nodes(graph: Graph) -> dict[str, Spot]:
    """Return where each node stands, and where edges pass the layers between (see `waypoint`).

    A node's layer is its longest way from a node without inputs. Inside a layer, nodes are ordered by the mean place of
    their neighbours, a few times to and fro. A cycle (of an invalid pipeline) is cut where it closes.
    """
    depth = _depths(graph)
    columns = max(depth.values(), default=-1) + 1
    layers: list[dict[str, None]] = [{} for _ in range(columns)]
    for node in graph.nodes:
        layers[depth[node.id]][node.id] = None
    before: dict[str, list[str]] = defaultdict(list)
    behind: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        way = [edge.source, *_waypoints(edge, depth), edge.target]
        for column, name in enumerate(way[1:-1], depth[edge.source] + 1):
            layers[column][name] = None
        for name, following in pairwise(way):
            before[following].append(name)
            behind[name].append(following)
    ordered = [list(layer) for layer in layers]
    for sweep in range(SWEEPS):
        _order(ordered, before if sweep % 2 == 0 else behind)
    tallest = max((len(layer) for layer in ordered), default=0)
    return {
        name: Spot(
            MARGIN + column * (NODE_WIDTH + GAP_X),
            MARGIN + (row + (tallest - len(layer)) / 2) * (NODE_HEIGHT + GAP_Y),
        )
        for column, layer in enumerate(ordered)
        for row, name in enumerate(layer)
    }


def waypoint(source: str, column: int) -> str:
    """Return the name of the place where the edges of a node pass a layer; no node id holds an `@`."""
    return f"{source}@{column}"


def _waypoints(edge: GraphEdge, depth: Mapping[str, int]) -> list[str]:
    return [waypoint(edge.source, column) for column in range(depth[edge.source] + 1, depth[edge.target])]


def _depths(graph: Graph) -> dict[str, int]:
    inputs: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        inputs[edge.target].append(edge.source)
    depth: dict[str, int] = {}
    waiting = [node.id for node in graph.nodes]
    while waiting:
        ready = [name for name in waiting if all(other in depth for other in inputs[name])]
        for name in ready or waiting[:1]:
            depth[name] = 1 + max((depth.get(other, -1) for other in inputs[name]), default=-1)
        waiting = [name for name in waiting if name not in depth]
    return depth


def _order(layers: list[list[str]], neighbours: Mapping[str, list[str]]) -> None:
    place = {name: index for layer in layers for index, name in enumerate(layer)}
    for layer in layers:
        layer.sort(key=lambda name: _mean(neighbours.get(name, []), place, place[name]))
        place.update({name: index for index, name in enumerate(layer)})


def _mean(neighbours: list[str], place: Mapping[str, int], own: int) -> float:
    places = [place[name] for name in neighbours if name in place]
    return sum(places) / len(places) if places else own


def _node(node: GraphNode, spot: Spot) -> str:
    box = "box" if node.enabled else "box off"
    text_x = spot.x + 16
    return (
        f"<g><title>{escape(node.id)}: {escape(node.description or node.type)}</title>"
        f'<rect class="{box}" x="{spot.x:g}" y="{spot.y:g}" width="{NODE_WIDTH}" height="{NODE_HEIGHT}" rx="6"/>'
        f'<rect class="{node.kind}" x="{spot.x:g}" y="{spot.y:g}" width="6" height="{NODE_HEIGHT}" rx="3"/>'
        f'<text class="name" x="{text_x:g}" y="{spot.y + 19:g}">{escape(_short(node.label))}</text>'
        f'<text class="type" x="{text_x:g}" y="{spot.y + 34:g}">{escape(_short(node.type))}</text></g>'
    )


def _edge(edge: GraphEdge, spots: Mapping[str, Spot], depth: Mapping[str, int]) -> str:
    x, y = spots[edge.source].x + NODE_WIDTH, spots[edge.source].y + NODE_HEIGHT / 2
    path = f"M{x:g} {y:g}"
    for name in (*_waypoints(edge, depth), edge.target):
        next_x, next_y = spots[name].x, spots[name].y + NODE_HEIGHT / 2
        middle = (x + next_x) / 2
        path += f" C{middle:g} {y:g} {middle:g} {next_y:g} {next_x:g} {next_y:g}"
        x, y = next_x, next_y
        if name != edge.target:
            x += NODE_WIDTH
            path += f" H{x:g}"
    style = "edge after" if edge.kind == "after" else "edge"
    return f'<path class="{style}" marker-end="url(#a)" d="{path}"/>'


def _short(text: str) -> str:
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"

"""A pipeline's graph as a small picture: layers from left to right, colours that hold on light and dark pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
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
    edges = [_edge(edge, spots) for edge in graph.edges if edge.source in spots and edge.target in spots]
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
    """Return where each node stands: its layer is its longest way from a node without inputs.

    Inside a layer nodes are ordered by the mean place of their neighbours, a few times to and fro. A cycle (of an
    invalid pipeline) is cut where it closes.
    """
    inputs: dict[str, list[str]] = defaultdict(list)
    readers: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        inputs[edge.target].append(edge.source)
        readers[edge.source].append(edge.target)
    layers = _layers([node.id for node in graph.nodes], inputs)
    for sweep in range(SWEEPS):
        neighbours = inputs if sweep % 2 == 0 else readers
        place = {name: index for layer in layers for index, name in enumerate(layer)}
        for layer in layers:
            layer.sort(key=lambda name: _mean(neighbours.get(name, []), place, place[name]))
            place.update({name: index for index, name in enumerate(layer)})
    tallest = max((len(layer) for layer in layers), default=0)
    step_x, step_y = NODE_WIDTH + GAP_X, NODE_HEIGHT + GAP_Y
    return {
        name: Spot(MARGIN + column * step_x, MARGIN + (row + (tallest - len(layer)) / 2) * step_y)
        for column, layer in enumerate(layers)
        for row, name in enumerate(layer)
    }


def _layers(names: list[str], inputs: Mapping[str, list[str]]) -> list[list[str]]:
    known = set(names)
    depth: dict[str, int] = {}
    waiting = list(names)
    while waiting:
        ready = [name for name in waiting if all(other in depth for other in inputs.get(name, ()) if other in known)]
        for name in ready or waiting[:1]:
            depth[name] = 1 + max((depth.get(other, -1) for other in inputs.get(name, ())), default=-1)
        waiting = [name for name in waiting if name not in depth]
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in names:
        layers[depth[name]].append(name)
    return layers


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


def _edge(edge: GraphEdge, spots: Mapping[str, Spot]) -> str:
    start, end = spots[edge.source], spots[edge.target]
    x1, y1 = start.x + NODE_WIDTH, start.y + NODE_HEIGHT / 2
    x2, y2 = end.x, end.y + NODE_HEIGHT / 2
    middle = (x1 + x2) / 2
    style = "edge after" if edge.kind == "after" else "edge"
    return (
        f'<path class="{style}" marker-end="url(#a)" '
        f'd="M{x1:g} {y1:g} C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"/>'
    )


def _short(text: str) -> str:
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"

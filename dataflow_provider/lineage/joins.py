"""The columns of a join node: left ones, then right ones, keys of one name once, colliding right ones prefixed."""

from __future__ import annotations

from dataflow_provider.lineage.expressions import merge_names
from dataflow_provider.lineage.model import NOTHING, Influences, Rows, Subtype, merged, through
from dataflow_provider.spec.nodes import JoinTransform


def join_rows(spec: JoinTransform, left: Rows, right: Rows, condition: Influences) -> Rows:
    """Return the rows of the join; `condition` is what its condition names."""
    pairs = dict(spec.keys) if isinstance(spec.keys, dict) else {key: key for key in spec.keys or ()}
    met = condition | merge_names(pairs, left) | merge_names(pairs.values(), right)
    decided = left.decided | right.decided | through(Subtype.JOIN, met)
    if spec.how in ("semi", "anti"):
        return Rows(left.columns, left.rest, left.latent, decided)
    shared = {theirs.casefold(): ours for ours, theirs in pairs.items() if ours.casefold() == theirs.casefold()}
    # The right key gives the value where no left row was met, so both make it.
    both = shared if spec.how in ("right", "full") else {}
    coalesced = {
        name: through(Subtype.TRANSFORMATION, (left.column(ours) or NOTHING) | (right.column(name) or NOTHING))
        for name, ours in both.items()
    }
    columns = {name: coalesced.get(name.casefold(), made) for name, made in left.columns.items()}
    latent = {**left.latent, **{both[name]: made for name, made in coalesced.items() if left.find(name) is None}}
    for name, made in right.columns.items():
        if name.casefold() in shared:
            continue
        output = name
        if left.find(name) is not None:
            output = f"{spec.right_prefix or ''}{name}"
        columns.setdefault(output, _perhaps_left(spec, left, name, made))
    if right.rest and spec.right_prefix:
        latent |= {f"{spec.right_prefix}{name}": right.column(name) or NOTHING for name in left.columns}
    hidden = right.hiding([*shared.values(), *left.columns])
    return Rows(columns, left.rest + hidden.rest, {**latent, **hidden.latent}, decided)


def _perhaps_left(spec: JoinTransform, left: Rows, name: str, made: Influences) -> Influences:
    """A right column may share its name with a left one that nobody knows; without a prefix that is refused."""
    if not left.rest or not spec.right_prefix:
        return made
    return made | merged(one.influences for parts in left.rest for one in parts if name.casefold() not in one.hidden)

"""All node types: the product's own by name, those of installed connectors when a name is not ours.

`Node` is the union of their models, told apart by `type`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Discriminator, PlainValidator, Tag, WithJsonSchema

from dataflow_provider.spec.nodes import (
    AggregateTransform,
    AiAssist,
    AiEnrich,
    AiSql,
    ColumnRulesQuality,
    DeduplicateTransform,
    ExpressionTransform,
    FileSource,
    FileTarget,
    FilterTransform,
    FreshnessQuality,
    JoinTransform,
    NodeBase,
    PivotTransform,
    ReconcileQuality,
    ReferenceQuality,
    RouterTransform,
    RowRuleQuality,
    SelectTransform,
    SortTransform,
    SqlSource,
    SqlTarget,
    SqlTransform,
    UnionTransform,
    WindowTransform,
)
from dataflow_provider.spec.plugged import plugged_connectors, plugged_model
from dataflow_provider.spec.service_nodes import HttpSource, HttpTarget, KafkaSource, KafkaTarget

T = TypeVar("T")

NODE_MODELS: tuple[type[NodeBase], ...] = (
    SqlSource, FileSource, KafkaSource, HttpSource, SqlTarget, FileTarget, KafkaTarget, HttpTarget,
    SqlTransform, FilterTransform, SelectTransform, ExpressionTransform, AggregateTransform, JoinTransform,
    UnionTransform, DeduplicateTransform, WindowTransform, SortTransform, PivotTransform, RouterTransform,
    ColumnRulesQuality, RowRuleQuality, ReferenceQuality, FreshnessQuality, ReconcileQuality, AiSql, AiEnrich, AiAssist,
)  # fmt: skip


def _types_of(model: type[NodeBase]) -> tuple[str, ...]:
    annotation: Any = model.model_fields["type"].annotation
    return tuple(annotation.__args__)


MODEL_OF_TYPE: Mapping[str, type[NodeBase]] = {name: model for model in NODE_MODELS for name in _types_of(model)}
NODE_TYPES: tuple[str, ...] = tuple(MODEL_OF_TYPE)


def find_model(name: str) -> type[NodeBase] | None:
    """Return the model of a node type, of an installed connector's too; None when there is no such type."""
    return MODEL_OF_TYPE.get(name) or plugged_model(name)


def plugged_types() -> tuple[str, ...]:
    """Return the node types of installed connectors that are not ours."""
    return tuple(name for one in plugged_connectors().manifests.values() for name in one.node_types)


def of_model(table: Mapping[type[NodeBase], T], node: NodeBase) -> T | None:
    """Return what a table holds for the node's model or the nearest class above it."""
    return next((table[one] for one in type(node).__mro__ if one in table), None)


def _tag(value: object) -> str | None:
    """Name the model of a node by its `type`; None makes pydantic report an unknown type."""
    name = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    if not isinstance(name, str):
        return None
    model = MODEL_OF_TYPE.get(name)
    if model is not None:
        return model.__name__
    return None if plugged_model(name) is None else "PluggedNode"


def _validate_plugged(value: Any) -> NodeBase:
    if isinstance(value, NodeBase):
        return value
    model = plugged_model(value["type"])
    if model is None:
        raise ValueError(f"`{value['type']}` is no node type")
    return model.model_validate(value)


PluggedNode = Annotated[NodeBase, PlainValidator(_validate_plugged), WithJsonSchema({"type": "object"})]

Node = Annotated[
    Annotated[SqlSource, Tag("SqlSource")]
    | Annotated[FileSource, Tag("FileSource")]
    | Annotated[KafkaSource, Tag("KafkaSource")]
    | Annotated[HttpSource, Tag("HttpSource")]
    | Annotated[SqlTarget, Tag("SqlTarget")]
    | Annotated[FileTarget, Tag("FileTarget")]
    | Annotated[KafkaTarget, Tag("KafkaTarget")]
    | Annotated[HttpTarget, Tag("HttpTarget")]
    | Annotated[SqlTransform, Tag("SqlTransform")]
    | Annotated[FilterTransform, Tag("FilterTransform")]
    | Annotated[SelectTransform, Tag("SelectTransform")]
    | Annotated[ExpressionTransform, Tag("ExpressionTransform")]
    | Annotated[AggregateTransform, Tag("AggregateTransform")]
    | Annotated[JoinTransform, Tag("JoinTransform")]
    | Annotated[UnionTransform, Tag("UnionTransform")]
    | Annotated[DeduplicateTransform, Tag("DeduplicateTransform")]
    | Annotated[WindowTransform, Tag("WindowTransform")]
    | Annotated[SortTransform, Tag("SortTransform")]
    | Annotated[PivotTransform, Tag("PivotTransform")]
    | Annotated[RouterTransform, Tag("RouterTransform")]
    | Annotated[ColumnRulesQuality, Tag("ColumnRulesQuality")]
    | Annotated[RowRuleQuality, Tag("RowRuleQuality")]
    | Annotated[ReferenceQuality, Tag("ReferenceQuality")]
    | Annotated[FreshnessQuality, Tag("FreshnessQuality")]
    | Annotated[ReconcileQuality, Tag("ReconcileQuality")]
    | Annotated[AiSql, Tag("AiSql")]
    | Annotated[AiEnrich, Tag("AiEnrich")]
    | Annotated[AiAssist, Tag("AiAssist")]
    | Annotated[PluggedNode, Tag("PluggedNode")],
    Discriminator(_tag),
]

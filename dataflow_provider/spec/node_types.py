"""All node types: the product's own by name, those of installed connectors when a name is not ours.

`Node` is the union of their models, told apart by `type`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Tag

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
    HttpSource,
    HttpTarget,
    JoinTransform,
    KafkaSource,
    KafkaTarget,
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


def _tag(value: object) -> str | None:
    """Name the model of a node by its `type`; None makes pydantic report an unknown type."""
    name = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    model = MODEL_OF_TYPE.get(name) if isinstance(name, str) else None
    return model.__name__ if model else None


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
    | Annotated[AiAssist, Tag("AiAssist")],
    Discriminator(_tag),
]


def find_model(name: str) -> type[NodeBase] | None:
    """Return the model of a node type; None when there is no such type."""
    return MODEL_OF_TYPE.get(name)

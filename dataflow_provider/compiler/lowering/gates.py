"""The tests of a quality node as one statement over its rows, and the query of failing rows of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sqlglot import exp

from dataflow_provider.compiler.compiled import Gate
from dataflow_provider.compiler.graph import Graph
from dataflow_provider.compiler.lowering.context import Judged, Lowering, Test
from dataflow_provider.compiler.lowering.quality import JUDGED, read_judged
from dataflow_provider.compiler.lowering.tree import alias, column, identifier, select, star
from dataflow_provider.dialects.render import render

SAMPLE_ROWS = 10
Tables = Mapping[str, tuple[str, ...]]
"""Common table expression → the parts of the table that holds its rows."""


def build_gates(scope: Lowering, tables: Tables) -> Iterator[Gate]:
    """Yield the gate of each quality node of the stage, in order."""
    for judged in scope.judged:
        sql = render(scope.statement(_measured(judged), tables), scope.dialect)
        rules = tuple(replace(test.rule, sample=_sample(scope, judged, test, tables)) for test in judged.tests)
        yield Gate(judged.node, judged.severity, sql, rules, _sensitive(scope.graph, judged.node))


def _measured(judged: Judged) -> exp.Select:
    """One scan answers all that rows tell one by one; what must be grouped or read elsewhere is a row beside it."""
    splits = judged.severity == "quarantine"
    scanned: list[exp.Expr] = [alias(exp.Count(this=exp.Star()), "checked")]
    joined = [test for test in judged.tests if splits or test.counted is None]
    if splits:
        scanned.append(alias(_sum([test.condition for test in joined if test.condition is not None]), "failing"))
    beside: dict[str, exp.Select] = {}
    shown: list[exp.Expr] = [column(item.alias, "m") for item in scanned]
    for number, test in enumerate(judged.tests, 1):
        values = list(test.found)
        if test.condition is not None and test in joined:
            values.append(_sum([test.condition]))
        for at, value in enumerate(values, 1):
            scanned.append(alias(value.copy(), f"value_{number}_{at}"))
            shown.append(column(f"value_{number}_{at}", "m"))
        if test.counted is not None and not (splits and test in joined):
            beside[f"c{number}"] = test.counted
            shown.append(alias(column("failing", f"c{number}"), f"failing_{number}"))
    scan = read_judged(judged.rows, scanned, joined)
    if not beside:
        return scan
    query = select(shown, _derived(scan, "m"))
    for name, counted in beside.items():
        query.append("joins", exp.Join(this=_derived(counted.copy(), name), kind="CROSS"))
    return query


def _sum(conditions: list[exp.Expr]) -> exp.Expr:
    """Return how many rows meet any of the conditions; NULL where there are no rows."""
    ifs = [exp.If(this=condition.copy(), true=exp.Literal.number(1)) for condition in conditions]
    return exp.Sum(this=exp.Case(ifs=ifs, default=exp.Literal.number(0)))


def _derived(query: exp.Select, name: str) -> exp.Subquery:
    return exp.Subquery(this=query, alias=exp.TableAlias(this=identifier(name)))


def _sample(scope: Lowering, judged: Judged, test: Test, tables: Tables) -> Callable[[], str] | None:
    condition = test.condition
    if condition is None:
        return None

    def sample() -> str:
        query = read_judged(judged.rows, [star(side=JUDGED)], [test])
        query = query.where(condition.copy(), copy=False).limit(SAMPLE_ROWS, copy=False)
        return render(scope.statement(query, tables), scope.dialect)

    return sample


def _sensitive(graph: Graph, node: str) -> frozenset[str]:
    """Return the columns, in small letters, that the node or one before it calls sensitive."""
    names: set[str] = set()
    seen, waiting = {node}, [node]
    while waiting:
        one = graph.nodes[waiting.pop()]
        names |= {name.casefold() for name in one.spec.sensitive}
        for given in one.inputs:
            if given.node not in seen:
                seen.add(given.node)
                waiting.append(given.node)
    return frozenset(names)

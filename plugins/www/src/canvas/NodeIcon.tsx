import { createElement } from "react";

import type { GraphNode } from "src/graph/model";

import { iconOf } from "./kinds";

type Props = { node: Pick<GraphNode, "kind" | "type">; size?: number };

/** The sign of a node's type; its word stands beside it. */
export const NodeIcon = ({ node, size = 16 }: Props) => createElement(iconOf(node), { "aria-hidden": true, size });

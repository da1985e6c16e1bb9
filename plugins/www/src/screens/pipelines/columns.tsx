import { Badge, chakra, HStack, Text } from "@chakra-ui/react";
import { createColumnHelper } from "@tanstack/react-table";
import { LuPause } from "react-icons/lu";
import { Link } from "react-router-dom";

import type { Schemas } from "src/api/client";
import { formatCounted } from "src/format/number";
import { Time } from "src/format/Time";
import { pipelinePath } from "src/shell/routes";
import { RunBars } from "src/states/RunBars";
import { StateBadge } from "src/states/StateBadge";

export type PipelineRow = Schemas["PipelineSummary"];

const column = createColumnHelper<PipelineRow>();

const SHOWN_TAGS = 1;

const Name = ({ row }: { row: PipelineRow }) => (
  <HStack gap="2" minWidth="0">
    <chakra.span _hover={{ textDecoration: "underline" }} asChild fontWeight="500" overflow="hidden" textOverflow="ellipsis" whiteSpace="nowrap">
      <Link title={[row.id, row.description].filter(Boolean).join("\n")} to={pipelinePath(row.id)}>{row.name}</Link>
    </chakra.span>
    {row.findings_count > 0 ? (
      <Badge asChild bg={row.state === "invalid" ? "failed.subtle" : "warning.subtle"} color={row.state === "invalid" ? "failed.fg" : "warning.fg"} flexShrink="0" fontSize="11px">
        <Link to={`${pipelinePath(row.id)}/yaml`}>{formatCounted(row.findings_count, "finding")}</Link>
      </Badge>
    ) : null}
  </HStack>
);

const Tags = ({ tags }: { tags: readonly string[] }) => (
  <HStack gap="1" title={tags.join(", ")}>
    {tags.slice(0, SHOWN_TAGS).map((tag) => <Badge fontSize="11px" fontWeight="400" key={tag} maxWidth="96px" overflow="hidden" textOverflow="ellipsis" variant="outline">{tag}</Badge>)}
    {tags.length > SHOWN_TAGS ? <Text color="fg.muted" fontSize="11px">+{tags.length - SHOWN_TAGS}</Text> : null}
  </HStack>
);

/** A paused pipeline has no next run, whatever its schedule says. */
const NextRun = ({ row }: { row: PipelineRow }) =>
  row.is_paused ? (
    <Badge bg="none.subtle" color="none.fg" fontSize="11px" gap="1" title="Paused: its schedule starts nothing"><LuPause aria-hidden size={11} /> Paused</Badge>
  ) : <Time value={row.next_run} />;

const Plain = ({ text, title = text }: { text: string; title?: string }) => <chakra.span display="block" overflow="hidden" textOverflow="ellipsis" title={title} whiteSpace="nowrap">{text}</chakra.span>;

/** The columns of the list; ids of sortable ones are the server's sort keys. */
export const dataColumns = [
  column.accessor("name", { cell: ({ row }) => <Name row={row.original} />, enableSorting: true, header: "Pipeline", id: "name", size: 210 }),
  column.accessor("state", { cell: ({ row }) => <StateBadge state={row.original.state} />, enableSorting: true, header: "State", id: "state", size: 128 }),
  column.display({ cell: ({ row }) => <RunBars runs={row.original.recent_runs} />, header: "Last 10 runs", id: "recent", size: 96 }),
  column.accessor("last_run", { cell: ({ row }) => <Time value={row.original.last_run?.start ?? null} />, enableSorting: true, header: "Last run", id: "last_run", size: 106 }),
  column.accessor("schedule", { cell: ({ row }) => row.original.schedule ? <Plain text={row.original.schedule.summary} /> : <chakra.span color="fg.muted">By hand</chakra.span>, enableSorting: false, header: "Schedule", id: "schedule", size: 152 }),
  column.accessor("next_run", { cell: ({ row }) => <NextRun row={row.original} />, enableSorting: true, header: "Next run", id: "next_run", size: 102 }),
  column.accessor("workspace", { cell: ({ getValue }) => <Plain text={getValue()} />, enableSorting: true, header: "Workspace", id: "workspace", size: 90 }),
  column.accessor("owner", { cell: ({ getValue }) => <Plain text={getValue()} />, enableSorting: true, header: "Owner", id: "owner", size: 116 }),
  column.accessor("tags", { cell: ({ getValue }) => <Tags tags={getValue()} />, enableSorting: false, header: "Tags", id: "tags", size: 104 }),
];

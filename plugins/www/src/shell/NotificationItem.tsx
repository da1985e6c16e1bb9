import { Box, Flex, HStack, Text } from "@chakra-ui/react";
import { Link } from "react-router-dom";

import type { Schemas } from "src/api/client";
import { formatCounted } from "src/format/number";
import { Time } from "src/format/Time";
import { StateIcon } from "src/states/StateIcon";

import { pipelinePath, runPath } from "./routes";

type Notification = Schemas["Notification"];
type Props = { item: Notification; onOpen: () => void };

const KINDS: Record<string, { state: string; label: string; token: string }> = {
  failure: { label: "Failed", state: "failed", token: "failed" },
  recovery: { label: "Recovered", state: "success", token: "success" },
  sla_at_risk: { label: "SLA at risk", state: "scheduled", token: "warning" },
  sla_breach: { label: "SLA broken", state: "scheduled", token: "failed" },
  warning: { label: "Warning", state: "warning", token: "warning" },
};

const kindOf = (kind: string) => KINDS[kind] ?? { label: kind, state: "", token: "none" };

/** What became of its messages, when that is worth a word. */
const messagesOf = ({ deliveries }: Notification): string => {
  const failed = deliveries.filter(({ state }) => state === "failed");
  const waiting = deliveries.filter(({ attempts, state }) => state === "pending" && attempts > 0);
  if (failed.length > 0) return `Not sent by ${failed.map(({ error, via }) => (error ? `${via}: ${error}` : via)).join("; ")}`;
  return waiting.length > 0 ? `${formatCounted(waiting.length, "message")} will be tried again` : "";
};

export const NotificationItem = ({ item, onOpen }: Props) => {
  const { label, state, token } = kindOf(item.kind);
  const trouble = messagesOf(item);
  const to = item.run_id ? runPath(item.pipeline_id, item.run_id) : `${pipelinePath(item.pipeline_id)}/history`;
  return (
    <Flex _hover={{ bg: "bg.muted" }} asChild borderBottomWidth="1px" gap="3" paddingX="4" paddingY="3">
      <Link onClick={onOpen} to={to}>
        <Box color={`${token}.fg`} paddingTop="2px"><StateIcon size={16} state={state} /></Box>
        <Box flex="1" minWidth="0">
          <HStack gap="2">
            <Text flex="1" fontWeight={item.is_read ? "400" : "600"} minWidth="0" truncate>{item.title}</Text>
            {item.is_read ? null : <Box aria-label="unread" bg="brand.solid" borderRadius="full" flexShrink="0" height="8px" role="img" width="8px" />}
          </HStack>
          {item.line ? <Text color="fg.muted" fontSize="12px" lineClamp="2">{item.line}</Text> : null}
          {item.diagnosis ? <Text fontSize="12px" lineClamp="2">{item.diagnosis}</Text> : null}
          {trouble ? <Text color="failed.fg" fontSize="12px" lineClamp="2" title={trouble}>{trouble}</Text> : null}
          <Text color="fg.muted" fontSize="12px">
            {label}{item.occurrences > 1 ? ` · ${item.occurrences} times` : ""} · <Time value={item.last_seen_at} />{item.resolved_at && item.kind !== "recovery" ? " · over" : ""}
          </Text>
        </Box>
      </Link>
    </Flex>
  );
};

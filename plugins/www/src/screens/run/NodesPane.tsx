import { Box, Text } from "@chakra-ui/react";
import { LuListTree } from "react-icons/lu";

import { api, type Schemas } from "src/api/client";
import { asApiError } from "src/api/errors";
import { EmptyState } from "src/feedback/EmptyState";
import { ErrorState } from "src/feedback/ErrorState";
import { Waiting } from "src/feedback/Waiting";
import { isActive } from "src/states/states";

import { NodesTable } from "./NodesTable";

type Props = { run: Schemas["Run"] };

/** The run's record: figures, rules and SQL of each node, and why a run that finished is a warning. */
export const NodesPane = ({ run }: Props) => {
  const record = api.useQuery("get", "/runs/{pipeline_id}/{run_id}/record", { params: { path: { pipeline_id: run.pipeline_id, run_id: run.run_id } } }, {
    refetchInterval: isActive(run.state) ? 5_000 : 30_000,
    retry: false,
  });
  if (record.isError && asApiError(record.error).status === 404) return <EmptyState icon={LuListTree} title="This run is not recorded yet">Its record comes a few seconds after the run begins.</EmptyState>;
  if (record.isError && !record.data) return <ErrorState error={record.error} onRetry={() => void record.refetch()} title="The record could not be read" />;
  if (!record.data) return <Waiting label="Reading the record" />;
  const { nodes, run: recorded } = record.data;
  return (
    <Box height="100%" overflow="auto" tabIndex={0}>
      {recorded.reasons.map((reason) => (
        <Text bg="warning.subtle" borderBottomWidth="1px" color="warning.fg" fontSize="13px" key={`${reason.kind}:${reason.node ?? ""}:${reason.rule ?? ""}`} paddingX="4" paddingY="2">
          Warning: {[reason.node, reason.rule].filter(Boolean).join(", ")}{reason.node ? ": " : ""}{reason.message}
        </Text>
      ))}
      <NodesTable nodes={nodes} />
    </Box>
  );
};

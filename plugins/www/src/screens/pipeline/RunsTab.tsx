import { Box, Flex, Table, Text } from "@chakra-ui/react";
import { LuHistory } from "react-icons/lu";
import { useSearchParams } from "react-router-dom";

import { api } from "src/api/client";
import { EmptyState } from "src/feedback/EmptyState";
import { ErrorState } from "src/feedback/ErrorState";
import { Pager } from "src/feedback/Pager";
import { Waiting } from "src/feedback/Waiting";
import { isActive } from "src/states/states";

import { RunRow } from "./RunRow";

type Props = { pipelineId: string };

const SIZES = [25, 50, 100] as const;
const HEADS = ["State", "Run", "Kind", "Started", "Duration", "Data interval", "Started by"];

export const RunsTab = ({ pipelineId }: Props) => {
  const [params, setParams] = useSearchParams();
  const page = Math.max(1, Math.trunc(Number(params.get("page"))) || 1);
  const pageSize = SIZES.find((size) => size === Number(params.get("size"))) ?? SIZES[0];
  const set = (name: "page" | "size", value: number) => setParams(name === "size" ? { size: String(value) } : { ...Object.fromEntries(params), page: String(value) });
  const runs = api.useQuery("get", "/pipelines/{pipeline_id}/runs", { params: { path: { pipeline_id: pipelineId }, query: { limit: pageSize, offset: (page - 1) * pageSize } } }, {
    placeholderData: (before) => before,
    refetchInterval: ({ state }) => (state.data?.items.some((run) => isActive(run.state)) ? 3_000 : 15_000),
  });
  if (runs.isError && !runs.data) return <ErrorState error={runs.error} onRetry={() => void runs.refetch()} title="The runs could not be read" />;
  if (!runs.data) return <Waiting label="Reading the runs" />;
  if (runs.data.total === 0) return <EmptyState icon={LuHistory} title="This pipeline has not run yet">Its runs appear here as soon as its schedule or somebody starts one.</EmptyState>;
  return (
    <Flex direction="column" height="100%" padding="6">
      <Flex bg="bg" borderRadius="8px" borderWidth="1px" direction="column" flex="1" minHeight="0" overflow="hidden">
        <Box flex="1" minHeight="0" overflow="auto" tabIndex={0}>
          <Table.Root aria-label="Runs, newest first" css={{ "& td, & th": { height: "37px", paddingBlock: "0", whiteSpace: "nowrap" } }} interactive size="sm" stickyHeader>
            <Table.Header>
              <Table.Row bg="bg.muted">
                {HEADS.map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col">{head}</Table.ColumnHeader>)}
              </Table.Row>
            </Table.Header>
            <Table.Body>{runs.data.items.map((run) => <RunRow key={run.run_id} run={run} />)}</Table.Body>
          </Table.Root>
        </Box>
        <Box borderTopWidth="1px"><Pager onPage={(next) => set("page", next)} onSize={(size) => set("size", size)} page={page} pageSize={pageSize} sizes={SIZES} total={runs.data.total} /></Box>
      </Flex>
      {runs.isError ? <Text color="failed.fg" fontSize="12px" paddingTop="2" role="status">The list could not be renewed; it shows what was read last.</Text> : null}
    </Flex>
  );
};

import { Box, Button, Flex, Heading, Text } from "@chakra-ui/react";
import { LuSearchX, LuWorkflow } from "react-icons/lu";

import { api } from "src/api/client";
import { EmptyState } from "src/feedback/EmptyState";
import { ErrorState } from "src/feedback/ErrorState";
import { Pager } from "src/feedback/Pager";
import { Waiting } from "src/feedback/Waiting";
import { formatCount } from "src/format/number";
import { isActive } from "src/states/states";

import { BulkBar } from "./BulkBar";
import { PipelinesTable } from "./PipelinesTable";
import { Toolbar } from "./Toolbar";
import { usePipelinesTable } from "./usePipelinesTable";
import { usePipelinesView } from "./usePipelinesView";
import { isFiltered, PAGE_SIZES, toQuery, type SortKey } from "./view";

const NONE: never[] = [];
const BUSY_MS = 3_000;
const CALM_MS = 15_000;

export const PipelinesScreen = () => {
  const [view, update] = usePipelinesView();
  const list = api.useQuery("get", "/pipelines", { params: { query: toQuery(view) } }, {
    placeholderData: (before) => before,
    refetchInterval: ({ state }) => (state.data?.items.some((row) => isActive(row.state)) ? BUSY_MS : CALM_MS),
  });
  const items = list.data?.items ?? NONE;
  const { clearSelection, selected, table } = usePipelinesTable(items, view.workspace);
  const sortBy = (key: SortKey) => update({ sort: { descending: view.sort.key === key && !view.sort.descending, key } });

  const body = () => {
    if (list.isError && !list.data) return <ErrorState error={list.error} onRetry={() => void list.refetch()} title="The pipelines could not be read" />;
    if (!list.data) return <Waiting label="Reading the pipelines" rows={12} />;
    if (list.data.total > 0) return <PipelinesTable dimmed={list.isPlaceholderData} onSort={sortBy} sort={view.sort} table={table} />;
    if (isFiltered(view)) {
      return (
        <EmptyState action={<Button onClick={() => update({ owners: [], search: "", states: [], tags: [] })} size="sm" variant="outline">Clear filters</Button>} icon={LuSearchX} title="No pipeline matches">
          Nothing in this workspace has all of the chosen words, states, tags and owners.
        </EmptyState>
      );
    }
    return (
      <EmptyState icon={LuWorkflow} title="No pipelines yet">
        Write one as YAML below <code>yaml_pipelines/</code>, for instance with <code>dataflow new</code>; it appears here within seconds.
      </EmptyState>
    );
  };

  return (
    <Flex direction="column" gap="4" height="100%" padding="6">
      <Flex align="baseline" gap="3">
        <Heading as="h1" fontSize="20px" fontWeight="600">Pipelines</Heading>
        {list.data ? <Text color="fg.muted" fontSize="13px" fontVariantNumeric="tabular-nums">{formatCount(list.data.total)}</Text> : null}
      </Flex>
      {selected.length > 0 ? <BulkBar ids={selected} onClear={clearSelection} /> : <Toolbar facets={list.data?.facets} onChange={update} view={view} />}
      <Flex bg="bg" borderRadius="8px" borderWidth="1px" direction="column" flex="1" minHeight="0" overflow="hidden">
        {body()}
        {list.data && list.data.total > 0 ? (
          <Box borderTopWidth="1px">
            <Pager onPage={(page) => update({ page })} onSize={(pageSize) => update({ pageSize: pageSize })} page={view.page} pageSize={view.pageSize} sizes={PAGE_SIZES} total={list.data.total} />
          </Box>
        ) : null}
      </Flex>
    </Flex>
  );
};

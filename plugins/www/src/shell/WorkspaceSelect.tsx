import { Button, Menu, Portal, Text } from "@chakra-ui/react";
import { LuCheck, LuChevronsUpDown, LuLayers } from "react-icons/lu";

import { api } from "src/api/client";

import { useWorkspace } from "./workspace";

const ALL = "";

export const WorkspaceSelect = () => {
  const [workspace, choose] = useWorkspace();
  const { data } = api.useQuery("get", "/pipelines", { params: { query: { limit: 1 } } }, { staleTime: 60_000 });
  const options = [{ count: data?.facets.workspaces.reduce((sum, each) => sum + each.count, 0), label: "All workspaces", value: ALL }].concat(
    (data?.facets.workspaces ?? []).map(({ count, value }) => ({ count, label: value, value })),
  );
  return (
    <Menu.Root onSelect={({ value }) => choose(value === ALL ? null : value)} positioning={{ placement: "bottom-start" }}>
      <Menu.Trigger asChild>
        <Button aria-label={`Workspace: ${workspace ?? "All workspaces"}`} color="fg" fontWeight="500" maxWidth="200px" paddingX="2" size="xs" variant="ghost">
          <LuLayers aria-hidden />
          <Text truncate>{workspace ?? "All workspaces"}</Text>
          <LuChevronsUpDown aria-hidden />
        </Button>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content minWidth="220px">
            {options.map(({ count, label, value }) => (
              <Menu.Item key={value || "all"} value={value}>
                <Text flex="1" truncate>{label}</Text>
                <Text color="fg.muted" fontSize="12px" fontVariantNumeric="tabular-nums">{count}</Text>
                <LuCheck aria-hidden style={{ visibility: (workspace ?? ALL) === value ? "visible" : "hidden" }} />
              </Menu.Item>
            ))}
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
};

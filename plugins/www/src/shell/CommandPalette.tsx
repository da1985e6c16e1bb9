import { Box, Dialog, Flex, Portal, Text } from "@chakra-ui/react";
import { Command } from "cmdk";
import { useDeferredValue, useState } from "react";
import { LuExternalLink, LuKeyboard, LuMoon, LuSearch, LuSun, LuWorkflow } from "react-icons/lu";
import { useNavigate } from "react-router-dom";

import { api } from "src/api/client";
import { goToAirflow } from "src/host/airflow";
import { StateBadge } from "src/states/StateBadge";
import { useColorMode } from "src/theme/colorMode";

import { useOverlay } from "./overlays";
import "./palette.css";
import { NAV_ROUTES, pipelinePath } from "./routes";

const PipelineHits = ({ go, search }: { go: (path: string) => void; search: string }) => {
  const deferred = useDeferredValue(search.trim());
  const query = { limit: 8, ...(deferred ? { search: deferred } : {}) };
  const { data, isPending } = api.useQuery("get", "/pipelines", { params: { query } }, { placeholderData: (before) => before });
  if (isPending) return null;
  return (
    <Command.Group heading="Pipelines">
      {data?.items.map(({ id, name, state, workspace }) => (
        <Command.Item key={id} onSelect={() => go(pipelinePath(id))} value={`pipeline:${id}`}>
          <LuWorkflow aria-hidden />
          <Text flex="1" truncate>{name}</Text>
          <Text color="fg.muted" fontSize="12px">{workspace}</Text>
          <StateBadge state={state} />
        </Command.Item>
      ))}
    </Command.Group>
  );
};

const PaletteBody = () => {
  const [search, setSearch] = useState("");
  const navigate = useNavigate();
  const show = useOverlay((state) => state.show);
  const { choose, mode, ours } = useColorMode();
  const run = (action: () => void) => () => {
    show(null);
    action();
  };
  const go = (path: string) => {
    show(null);
    void navigate(path);
  };
  const commands = [
    ...NAV_ROUTES.map(({ icon, label, path }) => ({ act: () => void navigate(path), icon, label: `Go to ${label}` })),
    { act: () => goToAirflow("/"), icon: LuExternalLink, label: "Go to Airflow home" },
    ...(ours ? [{ act: () => choose(mode === "dark" ? "light" : "dark"), icon: mode === "dark" ? LuSun : LuMoon, label: `Switch to ${mode === "dark" ? "light" : "dark"} theme` }] : []),
    { act: () => show("help"), icon: LuKeyboard, label: "Keyboard help" },
  ].filter(({ label }) => label.toLowerCase().includes(search.trim().toLowerCase()));
  return (
    <Command className="palette" label="Search pipelines and commands" loop shouldFilter={false}>
      <Flex align="center" borderBottomWidth="1px" gap="2" paddingX="4">
        <LuSearch aria-hidden />
        <Command.Input autoFocus onValueChange={setSearch} placeholder="Search pipelines and commands" value={search} />
      </Flex>
      <Command.List>
        <Command.Empty>Nothing is called “{search}”.</Command.Empty>
        <PipelineHits go={go} search={search} />
        {commands.length > 0 ? <Command.Group heading="Commands">
          {commands.map(({ act, icon: Icon, label }) => (
            <Command.Item key={label} onSelect={run(act)} value={label}><Icon aria-hidden /> {label}</Command.Item>
          ))}
        </Command.Group> : null}
      </Command.List>
    </Command>
  );
};

/** Jump to a pipeline or run a command by typing. */
export const CommandPalette = () => {
  const { open, show } = useOverlay();
  return (
    <Dialog.Root lazyMount onOpenChange={({ open: isOpen }) => show(isOpen ? "palette" : null)} open={open === "palette"} placement="top" unmountOnExit>
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content aria-label="Search pipelines and commands" maxWidth="600px" overflow="hidden">
            <Box><PaletteBody /></Box>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
};

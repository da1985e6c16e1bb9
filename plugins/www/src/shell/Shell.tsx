import { Box, Flex, Progress } from "@chakra-ui/react";
import { useEffect } from "react";
import { Outlet, useLocation, useNavigation } from "react-router-dom";

import { asApiError } from "src/api/errors";
import { useMe } from "src/api/rights";
import { ErrorState } from "src/feedback/ErrorState";
import { isTab, mirrorPath } from "src/host/airflow";

import { CommandPalette } from "./CommandPalette";
import { HelpSheet } from "./HelpSheet";
import { useKeys } from "./keys";
import { NavRail } from "./NavRail";
import { useOverlay } from "./overlays";
import { TopBar } from "./TopBar";

const useMirroredAddress = () => {
  const { hash, pathname, search } = useLocation();
  // Airflow's address bar is outside React: it must name the screen shown inside the frame.
  useEffect(() => mirrorPath(pathname + search + hash), [hash, pathname, search]);
};

/** Bar, rail and the present screen; in a tab of Airflow's pages the screen alone. Who is not signed in sees only that. */
export const Shell = () => {
  const show = useOverlay((state) => state.show);
  const me = useMe();
  const loadingScreen = useNavigation().state === "loading";
  useMirroredAddress();
  const bare = isTab();
  useKeys({ "/": () => show("palette"), "?": () => show("help"), "ctrl+k": () => show("palette"), "ctrl+shift+p": () => show("palette") });
  if (me.isError && asApiError(me.error).status === 401) return <ErrorState error={me.error} page title="Sign in to see your pipelines" />;
  return (
    <Flex direction="column" height="100%">
      {bare ? null : <TopBar />}
      <Flex flex="1" minHeight="0">
        {bare ? null : <NavRail />}
        <Box as="main" bg="bg" flex="1" id="main" minWidth="0" overflow="auto" position="relative">
          {loadingScreen ? (
            <Progress.Root aria-label="Loading the screen" insetX="0" position="absolute" size="xs" top="0" value={null} zIndex="1">
              <Progress.Track height="2px"><Progress.Range /></Progress.Track>
            </Progress.Root>
          ) : null}
          <Outlet />
        </Box>
      </Flex>
      <CommandPalette />
      <HelpSheet />
    </Flex>
  );
};

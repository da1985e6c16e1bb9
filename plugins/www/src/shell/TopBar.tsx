import { Box, Button, Flex, IconButton, Kbd, Separator, Text } from "@chakra-ui/react";
import { LuCircleHelp, LuSearch } from "react-icons/lu";

import { Breadcrumb } from "./Breadcrumb";
import { Mark } from "./Mark";
import { NotificationBell } from "./NotificationBell";
import { useOverlay } from "./overlays";
import { UserMenu } from "./UserMenu";
import { WorkspaceSelect } from "./WorkspaceSelect";

export const TopBar = () => {
  const show = useOverlay((state) => state.show);
  return (
    <Flex align="center" as="header" bg="bg" borderBottomWidth="1px" flexShrink="0" gap="2" height="48px" paddingX="3">
      <Mark />
      <Separator height="20px" orientation="vertical" />
      <WorkspaceSelect />
      <Separator height="20px" orientation="vertical" />
      <Box flex="1" minWidth="0"><Breadcrumb /></Box>
      <Button aria-label="Search pipelines and commands (/)" color="fg.muted" fontWeight="400" justifyContent="flex-start" onClick={() => show("palette")} size="xs" variant="outline" width={{ base: "auto", md: "220px" }}>
        <LuSearch aria-hidden />
        <Text display={{ base: "none", md: "block" }} flex="1" textAlign="left">Search</Text>
        <Kbd display={{ base: "none", md: "inline-flex" }} size="sm">/</Kbd>
      </Button>
      <IconButton aria-label="Keyboard help" onClick={() => show("help")} size="xs" title="Keyboard help (?)" variant="ghost"><LuCircleHelp aria-hidden /></IconButton>
      <NotificationBell />
      <UserMenu />
    </Flex>
  );
};

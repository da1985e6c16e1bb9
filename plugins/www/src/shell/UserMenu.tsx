import { Badge, Box, Flex, HStack, IconButton, Menu, Portal, Text } from "@chakra-ui/react";
import { LuExternalLink, LuLogOut, LuMonitor, LuMoon, LuSun } from "react-icons/lu";

import { useMe } from "src/api/rights";
import { airflowWindow, goToAirflow } from "src/host/airflow";
import { useColorMode, type Preference } from "src/theme/colorMode";

const THEMES = [
  { icon: LuSun, label: "Light", value: "light" },
  { icon: LuMoon, label: "Dark", value: "dark" },
  { icon: LuMonitor, label: "System", value: "system" },
] as const;

const initials = (name: string) =>
  name.split(/\s+/).map((word) => word[0] ?? "").slice(0, 2).join("").toUpperCase() || "?";

export const UserMenu = () => {
  const { data: me } = useMe();
  const { choose, ours, preference } = useColorMode();
  if (!me) return null;
  return (
    <Menu.Root positioning={{ placement: "bottom-end" }}>
      <Menu.Trigger asChild>
        <IconButton aria-label={`${initials(me.display_name)}, user menu of ${me.display_name}`} borderRadius="full" height="28px" minWidth="28px" size="xs" variant="subtle">
          <Text fontSize="11px" fontWeight="600">{initials(me.display_name)}</Text>
        </IconButton>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content minWidth="240px">
            <Box paddingX="2" paddingY="2">
              <Text fontWeight="600">{me.display_name}</Text>
              <Text color="fg.muted" fontSize="12px">{me.username}</Text>
              <HStack flexWrap="wrap" gap="1" marginTop="2">
                {me.roles.map((role) => <Badge key={role} size="sm" variant="outline">{role.toLowerCase()}</Badge>)}
              </HStack>
            </Box>
            <Menu.Separator />
            {ours ? (
              <Menu.RadioItemGroup onValueChange={({ value }) => choose(value as Preference)} value={preference}>
                <Menu.ItemGroupLabel color="fg.muted" fontSize="12px">Theme</Menu.ItemGroupLabel>
                {THEMES.map(({ icon: Icon, label, value }) => (
                  <Menu.RadioItem key={value} value={value}>
                    <Flex align="center" flex="1" gap="2"><Icon aria-hidden /> {label}</Flex>
                    <Menu.ItemIndicator />
                  </Menu.RadioItem>
                ))}
                <Menu.Separator />
              </Menu.RadioItemGroup>
            ) : null}
            <Menu.Item onClick={() => goToAirflow("/")} value="airflow"><LuExternalLink aria-hidden /> Airflow home</Menu.Item>
            {airflowWindow() ? null : <Menu.Item onClick={() => goToAirflow("/auth/logout")} value="sign-out"><LuLogOut aria-hidden /> Sign out</Menu.Item>}
            <Menu.Separator />
            <Text color="fg.muted" fontSize="12px" paddingX="2" paddingY="1">DataFlow AI {me.version}</Text>
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
};

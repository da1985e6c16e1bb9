import { Badge, Box, Flex, IconButton, Popover, Portal } from "@chakra-ui/react";
import { useState } from "react";
import { LuBell } from "react-icons/lu";

import { api } from "src/api/client";

import { NotificationList } from "./NotificationList";

const RENEW_MS = 30_000;

/** Above this the number says no more than that there are many. */
const MOST = 99;

export const NotificationBell = () => {
  const [open, setOpen] = useState(false);
  const query = api.useQuery("get", "/notifications", {}, { refetchInterval: RENEW_MS });
  const unread = query.data?.unread ?? 0;
  const label = unread > 0 ? `Notifications, ${unread} unread` : "Notifications";
  return (
    <Popover.Root lazyMount onOpenChange={(details) => setOpen(details.open)} open={open} positioning={{ placement: "bottom-end" }}>
      <Popover.Trigger asChild>
        <IconButton aria-label={label} position="relative" size="xs" title={label} variant="ghost">
          <LuBell aria-hidden />
          {unread > 0 ? (
            <Badge aria-hidden bg="failed.solid" borderRadius="full" color="failed.contrast" fontSize="11px" height="16px" minWidth="16px" paddingX="1" position="absolute" right="-4px" top="-4px">{unread > MOST ? `${MOST}+` : unread}</Badge>
          ) : null}
        </IconButton>
      </Popover.Trigger>
      <Portal>
        <Popover.Positioner>
          <Popover.Content aria-label="Notifications" width="440px">
            <Flex direction="column" maxHeight="70vh">
              <Box minHeight="0" overflow="auto" tabIndex={0}><NotificationList onOpen={() => setOpen(false)} query={query} /></Box>
            </Flex>
          </Popover.Content>
        </Popover.Positioner>
      </Portal>
    </Popover.Root>
  );
};

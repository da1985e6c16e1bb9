import { Button, Flex, Text } from "@chakra-ui/react";
import { useQueryClient } from "@tanstack/react-query";
import { LuBellOff, LuCheckCheck } from "react-icons/lu";

import { api, type Schemas } from "src/api/client";
import { EmptyState } from "src/feedback/EmptyState";
import { ErrorState } from "src/feedback/ErrorState";
import { toastError } from "src/feedback/toaster";
import { Waiting } from "src/feedback/Waiting";

import { NotificationItem } from "./NotificationItem";

type Query = { data: Schemas["NotificationPage"] | undefined; error: unknown; isError: boolean; refetch: () => unknown };
type Props = { query: Query; onOpen: () => void };

/** The newest notifications; opening one reads it, and all can be read at once. */
export const NotificationList = ({ onOpen, query: { data, error, isError, refetch } }: Props) => {
  const client = useQueryClient();
  const read = api.useMutation("post", "/notifications/read", {
    onError: (problem) => toastError("The notifications were not marked as read", problem),
    onSettled: () => client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[1] === "/notifications" }),
  });
  if (isError && !data) return <ErrorState compact error={error} onRetry={() => void refetch()} title="The notifications could not be read" />;
  if (!data) return <Waiting label="Reading the notifications" />;
  if (data.total === 0) return <EmptyState icon={LuBellOff} title="Nothing to tell">Failures, warnings, late runs and recoveries of your pipelines appear here.</EmptyState>;
  return (
    <>
      <Flex align="center" bg="bg" borderBottomWidth="1px" gap="2" paddingX="4" paddingY="2" position="sticky" top="0" zIndex="1">
        <Text as="h2" flex="1" fontSize="16px" fontWeight="600">Notifications</Text>
        <Button disabled={data.unread === 0 || read.isPending} onClick={() => read.mutate({ body: {} })} size="2xs" variant="ghost"><LuCheckCheck aria-hidden /> Mark all as read</Button>
      </Flex>
      {data.items.map((item) => (
        <NotificationItem
          item={item}
          key={item.id}
          onOpen={() => {
            if (!item.is_read) read.mutate({ body: { ids: [item.id] } });
            onOpen();
          }}
        />
      ))}
    </>
  );
};

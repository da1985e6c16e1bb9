import { Flex, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";
import type { IconType } from "react-icons";

type Props = { icon: IconType; title: string; children?: ReactNode; action?: ReactNode; /** The page has nothing else: its title is the page's. */ page?: boolean };

/** Icon, one sentence, one action. */
export const EmptyState = ({ action, children, icon: Icon, page = false, title }: Props) => (
  <Flex align="center" direction="column" gap="3" justify="center" minHeight="280px" padding="8" textAlign="center">
    <Flex align="center" bg="bg.muted" borderRadius="full" color="fg.muted" height="48px" justify="center" width="48px">
      <Icon aria-hidden size={22} />
    </Flex>
    <Text as={page ? "h1" : "h2"} fontSize="16px" fontWeight="600">{title}</Text>
    {children ? <Text color="fg.muted" maxWidth="440px">{children}</Text> : null}
    {action}
  </Flex>
);

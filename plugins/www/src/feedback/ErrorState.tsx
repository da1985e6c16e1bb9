import { Button, Code, Flex, HStack, Text } from "@chakra-ui/react";
import { LuCircleAlert, LuLogIn, LuRefreshCw } from "react-icons/lu";

import { asApiError } from "src/api/errors";
import { Told } from "src/format/Told";
import { goToAirflow } from "src/host/airflow";

import { CopyButton } from "./CopyButton";

type Props = { error: unknown; title: string; onRetry?: () => void; compact?: boolean; /** The page has nothing else: its title is the page's. */ page?: boolean };

const signIn = () => goToAirflow(`/auth/login?next=${encodeURIComponent(window.location.href)}`);

/** What failed, why, what to do next, and an id that support can look up. */
export const ErrorState = ({ compact = false, error, onRetry, page = false, title }: Props) => {
  const problem = asApiError(error);
  return (
    <Flex align="center" direction="column" gap="3" justify="center" minHeight={compact ? "120px" : "280px"} padding={compact ? "4" : "8"} role="alert" textAlign="center">
      <Flex align="center" bg="failed.subtle" borderRadius="full" color="failed.fg" height="48px" justify="center" width="48px">
        <LuCircleAlert aria-hidden size={22} />
      </Flex>
      <Text as={page ? "h1" : "h2"} fontSize="16px" fontWeight="600">{title}</Text>
      <Text color="fg.muted" maxWidth="520px">
        <Told text={[problem.message, problem.hint].filter(Boolean).join(" ")} />
      </Text>
      <HStack gap="2">
        {problem.status === 401 ? (
          <Button onClick={signIn} size="sm"><LuLogIn aria-hidden /> Sign in</Button>
        ) : onRetry ? (
          <Button onClick={onRetry} size="sm" variant="outline"><LuRefreshCw aria-hidden /> Retry</Button>
        ) : null}
      </HStack>
      {problem.code ?? problem.requestId ? (
        <HStack color="fg.muted" fontSize="12px" gap="1">
          <Code fontSize="12px" variant="plain">{[problem.code, problem.requestId].filter(Boolean).join(" · ")}</Code>
          <CopyButton label="Copy error id" text={[problem.code, problem.requestId, problem.message].filter(Boolean).join(" ")} />
        </HStack>
      ) : null}
    </Flex>
  );
};

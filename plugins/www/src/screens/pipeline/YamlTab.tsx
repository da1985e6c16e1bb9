import { Box, Button, Flex, HStack, Text } from "@chakra-ui/react";
import { useRef } from "react";
import { LuLock, LuSearch } from "react-icons/lu";
import { useSearchParams } from "react-router-dom";

import type { Schemas } from "src/api/client";
import { useRight } from "src/api/rights";
import { YamlView, type YamlHandle } from "src/editor/YamlView";
import { CopyButton } from "src/feedback/CopyButton";
import { EmptyState } from "src/feedback/EmptyState";

import { FindingsList } from "./FindingsList";

type Props = { detail: Schemas["PipelineDetail"] };

export const YamlTab = ({ detail: { findings, summary, yaml } }: Props) => {
  const view = useRef<YamlHandle>(null);
  const [params] = useSearchParams();
  const mayRead = useRight("read_logs");
  const line = Number(params.get("line"));
  if (yaml === null) {
    return (
      <Flex direction="column" height="100%" overflow="auto">
        <EmptyState icon={LuLock} title={mayRead ? "The text could not be read" : "Your role does not show the YAML"}>
          {mayRead ? "The file is missing, too large, or not text." : "It holds SQL; the right to read logs and SQL opens it. The graph shows what the pipeline does."}
        </EmptyState>
        {findings.length > 0 ? <Box padding="6"><FindingsList findings={findings} pipelineId={summary.id} /></Box> : null}
      </Flex>
    );
  }
  return (
    <Flex height="100%" minHeight="0">
      <Flex direction="column" flex="1" minWidth="0">
        <HStack bg="bg" borderBottomWidth="1px" gap="1" paddingX="4" paddingY="1">
          <Text color="fg.muted" flex="1" fontSize="12px" truncate>yaml_pipelines/{summary.workspace}/{summary.id}.yaml · read-only</Text>
          <Button onClick={() => view.current?.search()} size="2xs" variant="ghost"><LuSearch aria-hidden /> Search</Button>
          <CopyButton label="Copy the YAML" text={yaml} />
        </HStack>
        <Box flex="1" minHeight="0">
          <YamlView findings={findings} label={`YAML of ${summary.name}`} line={Number.isInteger(line) && line > 0 ? line : null} ref={view} text={yaml} />
        </Box>
      </Flex>
      {findings.length > 0 ? (
        <Box as="aside" borderLeftWidth="1px" flexShrink="0" overflow="auto" padding="4" width="380px">
          <Text as="h2" fontSize="16px" fontWeight="600" marginBottom="3">Findings</Text>
          <FindingsList findings={findings} pipelineId={summary.id} />
        </Box>
      ) : null}
    </Flex>
  );
};

import { Alert, Box, Button, Flex } from "@chakra-ui/react";
import { LuFileWarning } from "react-icons/lu";
import { Link } from "react-router-dom";

import type { Schemas } from "src/api/client";
import { GraphView } from "src/canvas/GraphView";
import { EmptyState } from "src/feedback/EmptyState";
import { formatCounted } from "src/format/number";
import { pipelinePath } from "src/shell/routes";

import { FindingsList } from "./FindingsList";

type Props = { detail: Schemas["PipelineDetail"] };

/** The graph; of the last valid version, and saying so, while the YAML is broken. */
export const GraphTab = ({ detail: { findings, graph, summary } }: Props) => {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const yamlLink = <Button asChild size="xs" variant="outline"><Link to={`${pipelinePath(summary.id)}/yaml`}>Open the YAML</Link></Button>;
  if (!graph) {
    return (
      <Flex direction="column" height="100%" overflow="auto">
        <EmptyState action={yamlLink} icon={LuFileWarning} title="There is no valid version to draw">
          {formatCounted(findings.length, "finding")} in the YAML. The graph appears as soon as the file is valid.
        </EmptyState>
        <Box alignSelf="center" maxWidth="720px" paddingBottom="6" paddingX="6" width="100%"><FindingsList findings={findings} pipelineId={summary.id} /></Box>
      </Flex>
    );
  }
  return (
    <Flex direction="column" height="100%">
      {errors > 0 ? (
        <Alert.Root borderRadius="0" size="sm" status="warning">
          <Alert.Indicator />
          <Alert.Title flex="1">The YAML has {formatCounted(errors, "error")}. This is the last valid version, and the one that runs.</Alert.Title>
          {yamlLink}
        </Alert.Root>
      ) : null}
      <Box flex="1" minHeight="0"><GraphView graph={graph} label={`Graph of ${summary.name}`} statuses={null} /></Box>
    </Flex>
  );
};

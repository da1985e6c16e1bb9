import { Badge, Box, Button, HStack, Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { Told } from "src/format/Told";

import { PatchDiff } from "./PatchDiff";

type Props = { action: Schemas["DiagnosisAction"]; /** Absent for those who may not edit. */ onApply: (() => void) | undefined; busy: boolean };

/** One thing to do: what, how likely it helps, what it costs, and its change of the file. */
export const DiagnosedAction = ({ action: { confidence, effort, number, patch, risk, title }, busy, onApply }: Props) => (
  <Box as="li" listStyleType="none">
    <HStack gap="2" wrap="wrap">
      <Text fontWeight="600">{number}. <Told text={title} /></Text>
      <Badge>{Math.round(confidence * 100)} % likely</Badge>
      <Text color="fg.muted" fontSize="12px">effort {effort}, risk {risk}</Text>
      {patch !== null && onApply ? <Button aria-label={`Apply action ${number}`} loading={busy} marginInlineStart="auto" onClick={onApply} size="xs" variant="outline">Apply to the file</Button> : null}
    </HStack>
    {patch === null ? null : <Box marginTop="2"><PatchDiff patch={patch} /></Box>}
  </Box>
);

import { chakra, Flex, Stack, Text } from "@chakra-ui/react";
import { LuCircleX, LuInfo, LuTriangleAlert } from "react-icons/lu";
import { Link } from "react-router-dom";

import type { Schemas } from "src/api/client";
import { Told } from "src/format/Told";
import { pipelinePath } from "src/shell/routes";

type Finding = Schemas["Finding"];
type Props = { findings: readonly Finding[]; pipelineId: string };

export const SEVERITIES = {
  error: { icon: LuCircleX, token: "failed" },
  info: { icon: LuInfo, token: "info" },
  warning: { icon: LuTriangleAlert, token: "warning" },
} as const;

/** What validation found; each leads to its line. */
export const FindingsList = ({ findings, pipelineId }: Props) => (
  <Stack aria-label="Findings" as="ul" bg="bg" borderRadius="8px" borderWidth="1px" gap="0" listStyleType="none" overflow="hidden">
    {findings.map((finding) => {
      const { icon: Icon, token } = SEVERITIES[finding.severity];
      return (
        <chakra.li _notFirst={{ borderTopWidth: "1px" }} key={`${finding.code}:${finding.line}:${finding.column}:${finding.message}`}>
          <Flex _hover={{ bg: "bg.muted" }} asChild gap="3" paddingX="4" paddingY="3">
            <Link to={`${pipelinePath(pipelineId)}/yaml?line=${finding.line}`}>
              <chakra.span color={`${token}.solid`} flexShrink="0" paddingTop="2px"><Icon aria-label={finding.severity} /></chakra.span>
              <Stack flex="1" gap="0" minWidth="0">
                <Text fontSize="13px" overflowWrap="anywhere"><Told text={finding.message} /></Text>
                {finding.hint ? <Text color="fg.muted" fontSize="13px"><Told text={finding.hint} /></Text> : null}
                <Text color="fg.muted" fontSize="12px" fontVariantNumeric="tabular-nums">
                  line {finding.line}, column {finding.column}{finding.node ? ` · node ${finding.node}` : ""} · {finding.code}
                </Text>
              </Stack>
            </Link>
          </Flex>
        </chakra.li>
      );
    })}
  </Stack>
);

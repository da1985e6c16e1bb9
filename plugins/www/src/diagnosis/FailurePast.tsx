import { Box, Link, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import type { Schemas } from "src/api/client";
import { Time } from "src/format/Time";
import { formatCount } from "src/format/number";
import { runPath } from "src/shell/routes";

import { PatchDiff } from "./PatchDiff";

type Props = { context: Schemas["FailureContext"] };

const lastGood = ({ failures_since, last_success }: Schemas["FailureHistory"]): string => {
  const failed = failures_since === 0 ? "" : `; ${failures_since} runs failed since`;
  return last_success === null ? `No run of this pipeline ever finished${failures_since === 0 ? "" : `; ${failures_since} failed before`}.` : `The run before that finished was ${last_success}${failed}.`;
};

/** What the failure leaves undone, what has changed since the last good run, and how it was mended before. */
export const FailurePast = ({ context: { history, pipelines, similar, targets, pipeline } }: Props) => (
  <Box aria-label="Surroundings" as="section" display="flex" flexDirection="column" fontSize="13px" gap="2">
    {targets.length > 0 ? <Text>Not written: {targets.join(", ")}{pipelines.length > 0 ? `; read by ${pipelines.join(", ")}` : ""}.</Text> : null}
    {history ? <Text>{lastGood(history)}{history.change === "" ? " The pipeline's text has not changed since." : ""}</Text> : null}
    {history?.rows.map(({ before, node, now }) => <Text key={node}>{node} let out {formatCount(now)} rows, {formatCount(before)} then.</Text>)}
    {history?.change ? <PatchDiff label="Change since the last good run" patch={history.change} /> : null}
    {similar.length > 0 ? (
      <Box>
        <Text fontWeight="600">It happened before</Text>
        <Box as="ul" listStyleType="none" margin="0" padding="0">
          {similar.map(({ at, attempt, fixed_by }) => (
            <Box as="li" key={`${attempt.run}:${attempt.stage}`}>
              <Time value={at} />, <Link asChild><RouterLink to={runPath(pipeline, attempt.run)}>{attempt.run}</RouterLink></Link>: {fixed_by ? `mended by ${fixed_by}` : "nobody has said what mended it"}
            </Box>
          ))}
        </Box>
      </Box>
    ) : null}
  </Box>
);

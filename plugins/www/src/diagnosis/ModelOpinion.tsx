import { Box, Button, Flex, Text } from "@chakra-ui/react";
import { LuSparkles } from "react-icons/lu";

import type { Schemas } from "src/api/client";
import { Time } from "src/format/Time";

type Props = { found: Schemas["StageDiagnosis"]; busy: boolean; onAsk: () => void };

/** What the model took, in people's words. */
export const modelCost = ({ cost, input_tokens, output_tokens, seconds }: Schemas["ModelUse"]): string =>
  [`${seconds.toFixed(1)} s`, `${input_tokens + output_tokens} tokens`, cost === null ? "price not known" : `$${cost.toFixed(4)}`].join(", ");

const told = ({ by, model, model_connection }: Schemas["StageDiagnosis"]): string => {
  if (model === null) return model_connection === null ? "By signatures. No model is configured: name a connection in [dataflow] diagnosis_model to have one asked." : `By signatures. The model ${model_connection} was not asked.`;
  if (model.outcome === "failed") return `By signatures. The model ${model.name} failed after ${model.seconds.toFixed(1)} s.`;
  const asked = model.outcome === "kept" ? `${model.name} was asked the same before, at no cost` : `${model.name} was asked (${modelCost(model)})`;
  return `${by === "model" ? "Named by the model" : "By signatures, with a model's opinion"}: ${asked}.`;
};

/** Who named the cause: signatures or a model, what the model said and took, or why it said nothing. */
export const ModelOpinion = ({ busy, found, onAsk }: Props) => (
  <Box borderTopColor={found.model ? "violet.500" : "border"} borderTopWidth={found.model ? "3px" : "1px"} fontSize="13px" paddingTop="2">
    {found.explanation ? <Text>{found.explanation}</Text> : null}
    <Flex align="center" gap="2" wrap="wrap">
      <Text color="fg.muted" fontSize="12px">{told(found)}{found.made_at ? <> Made <Time value={found.made_at} />.</> : null}</Text>
      <Button loading={busy} marginInlineStart="auto" onClick={onAsk} size="xs" variant="outline">
        {found.model_connection === null ? "Diagnose again" : <><LuSparkles aria-hidden /> Ask the model</>}
      </Button>
    </Flex>
    {found.notes.map((note) => <Text color="fg.muted" fontSize="12px" key={note}>Note: {note}.</Text>)}
  </Box>
);

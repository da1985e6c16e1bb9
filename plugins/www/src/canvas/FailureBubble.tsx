import { Box, Button, Text } from "@chakra-ui/react";
import { LuScrollText } from "react-icons/lu";

import { splitError } from "src/graph/status";

type Props = { error: string; onOpenLog: (() => void) | undefined };

/** Why the node failed, beside the node; a child of it, so that the pointer can travel into it. */
export const FailureBubble = ({ error, onOpenLog }: Props) => {
  const { errorClass, message } = splitError(error);
  return (
    <Box className="nopan nodrag nowheel" left="0" paddingTop="2" position="absolute" role="tooltip" top="100%" width="320px" zIndex="popover">
      <Box bg="bg.panel" borderColor="failed.solid" borderRadius="8px" borderWidth="1px" padding="3" shadow="md">
        {errorClass ? <Text color="failed.fg" fontSize="13px" fontWeight="600">{errorClass}</Text> : null}
        <Text fontFamily="mono" fontSize="12px" lineClamp="4" marginTop="1" overflowWrap="anywhere">{message.split("\n", 1)[0]}</Text>
        {onOpenLog ? (
          <Button marginTop="2" onClick={onOpenLog} size="2xs" variant="outline"><LuScrollText aria-hidden /> Open log</Button>
        ) : null}
      </Box>
    </Box>
  );
};

import { Box, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";

type Props = { label: string; children: ReactNode; note?: ReactNode };

/** One figure with its name above and what it is made of below. */
export const StatCard = ({ children, label, note }: Props) => (
  <Box bg="bg" borderRadius="8px" borderWidth="1px" flex="1" minWidth="150px" padding="4">
    <Text as="dt" color="fg.muted" fontSize="12px">{label}</Text>
    <Text as="dd" fontSize="20px" fontVariantNumeric="tabular-nums" fontWeight="600">{children}</Text>
    {note ? <Text as="dd" color="fg.muted" fontSize="12px">{note}</Text> : null}
  </Box>
);

import { Box } from "@chakra-ui/react";

type Props = { patch: string; label?: string };

const LOOKS: Record<string, { bg: string; color: string; told: string }> = {
  "+": { bg: "success.subtle", color: "success.fg", told: "added" },
  "-": { bg: "failed.subtle", color: "failed.fg", told: "removed" },
};

/** A unified diff, a row a line; added and removed rows differ by sign as well as by colour. */
export const PatchDiff = ({ label = "Change of the pipeline's file", patch }: Props) => (
  <Box aria-label={label} as="pre" borderRadius="md" borderWidth="1px" fontFamily="mono" fontSize="12px" lineHeight="20px" overflow="auto" paddingY="1" role="figure" tabIndex={0}>
    {patch.trimEnd().split("\n").filter((row) => !row.startsWith("---") && !row.startsWith("+++")).map((row, index) => {
      const look = LOOKS[row.charAt(0)];
      return <Box as="span" bg={look?.bg} color={look?.color ?? "fg.muted"} data-change={look?.told} display="block" key={index} minWidth="max-content" paddingX="3">{row === "" ? " " : row}</Box>;
    })}
  </Box>
);

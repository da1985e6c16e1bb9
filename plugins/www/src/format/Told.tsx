import { chakra } from "@chakra-ui/react";
import { Fragment } from "react";

type Props = { text: string };

/** A message of the server: what stands between backticks, names and values, is set as code. */
export const Told = ({ text }: Props) =>
  text.split(/`([^`]+)`/).map((part, index) =>
    index % 2 === 0 ? <Fragment key={index}>{part}</Fragment> : <chakra.code bg="bg.muted" borderRadius="4px" fontFamily="mono" fontSize="0.92em" fontWeight="inherit" key={index} paddingX="1">{part}</chakra.code>,
  );

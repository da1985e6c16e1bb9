import { Badge, type BadgeProps } from "@chakra-ui/react";

import { StateIcon } from "./StateIcon";
import { stateLook } from "./states";

type Props = { state: string | null | undefined } & Omit<BadgeProps, "children">;

/** Icon, word and colour together: `.fg` on `.subtle`, which keeps its contrast in every state. */
export const StateBadge = ({ state, ...rest }: Props) => {
  const { label, token } = stateLook(state);
  return (
    <Badge bg={`${token}.subtle`} borderRadius="6px" color={`${token}.fg`} fontSize="12px" fontWeight="500" gap="1" height="22px" px="2" verticalAlign="middle" whiteSpace="nowrap" {...rest}>
      <StateIcon size={13} state={state} />
      {label}
    </Badge>
  );
};

import { chakra, HStack } from "@chakra-ui/react";
import { LuRadio, LuRefreshCw, LuWifiOff } from "react-icons/lu";

import type { LinkStatus } from "src/live/followRun";

export type LinkLook = LinkStatus | "broken";

const LOOKS = {
  broken: { icon: LuWifiOff, text: "Server unreachable: this is what was read last", token: "failed" },
  connecting: { icon: LuRefreshCw, text: "Connecting", token: "none" },
  live: { icon: LuRadio, text: "Live", token: "success" },
  lost: { icon: LuRefreshCw, text: "Live updates lost: reading every 3 s", token: "warning" },
} as const;

type Props = { link: LinkLook };

/** Whether the page moves by itself, and how. */
export const LiveMark = ({ link }: Props) => {
  if (link === "over") return null;
  const { icon: Icon, text, token } = LOOKS[link];
  return (
    <HStack color={`${token}.fg`} fontSize="12px" gap="1" role="status">
      <Icon aria-hidden />
      <chakra.span>{text}</chakra.span>
    </HStack>
  );
};

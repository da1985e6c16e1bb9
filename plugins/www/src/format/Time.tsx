import { chakra } from "@chakra-ui/react";

import { formatAbsolute, formatRelative } from "./time";
import { useNow } from "./useNow";

type Props = { value: string | null | undefined; fallback?: string };

/** Relative to now, absolute on hover. */
export const Time = ({ fallback = "–", value }: Props) => {
  // What has happened since the last renewal lies ahead of it by so little that it reads "now".
  const now = useNow(5_000);
  if (!value) return <chakra.span color="fg.muted">{fallback}</chakra.span>;
  const time = new Date(value);
  return (
    <chakra.time dateTime={value} title={formatAbsolute(time)} whiteSpace="nowrap">
      {formatRelative(time, now)}
    </chakra.time>
  );
};

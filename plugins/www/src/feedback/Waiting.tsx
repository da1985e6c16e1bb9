import { Skeleton, Stack } from "@chakra-ui/react";

import { Delayed } from "./Delayed";

type Props = { label: string; rows?: number };

/** Grey bars in the shape of rows, after 150 ms. */
export const Waiting = ({ label, rows = 8 }: Props) => (
  <Delayed>
    <Stack aria-busy aria-label={label} gap="3" padding="4" role="status">
      {Array.from({ length: rows }, (_, index) => <Skeleton height="20px" key={index} width={`${100 - ((index * 17) % 40)}%`} />)}
    </Stack>
  </Delayed>
);

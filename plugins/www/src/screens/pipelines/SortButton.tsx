import { chakra } from "@chakra-ui/react";
import type { ReactNode } from "react";

type Props = { children: ReactNode; onClick: () => void };

/** A column's head that sorts; the arrow is drawn by who knows the order. */
export const SortButton = ({ children, onClick }: Props) => (
  <chakra.button _hover={{ color: "fg" }} alignItems="center" cursor="pointer" display="inline-flex" fontWeight="500" gap="1" onClick={onClick} type="button">
    {children}
  </chakra.button>
);

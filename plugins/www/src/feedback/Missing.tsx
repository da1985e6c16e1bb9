import { Button } from "@chakra-ui/react";
import { LuMapPinOff } from "react-icons/lu";
import { Link } from "react-router-dom";

import { EmptyState } from "./EmptyState";

type Props = { title: string; children: string };

/** What the address names does not exist, or not for this user. */
export const Missing = ({ children, title }: Props) => (
  <EmptyState action={<Button asChild size="sm"><Link to="/pipelines">Go to Pipelines</Link></Button>} icon={LuMapPinOff} page title={title}>
    {children}
  </EmptyState>
);

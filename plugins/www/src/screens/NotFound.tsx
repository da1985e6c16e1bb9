import { Button } from "@chakra-ui/react";
import { LuMapPinOff } from "react-icons/lu";
import { Link, useLocation } from "react-router-dom";

import { EmptyState } from "src/feedback/EmptyState";

export const NotFound = () => {
  const { pathname } = useLocation();
  return (
    <EmptyState
      action={<Button asChild size="sm"><Link to="/pipelines">Go to Pipelines</Link></Button>}
      icon={LuMapPinOff}
      title="This page does not exist"
    >
      Nothing lives at {decodeURIComponent(pathname)}. The address may be mistyped, or the page belongs to another version.
    </EmptyState>
  );
};

import { Breadcrumb as Kit } from "@chakra-ui/react";
import { Fragment } from "react";
import { Link } from "react-router-dom";

import { useCrumbs } from "./crumbs";

export const Breadcrumb = () => {
  const crumbs = useCrumbs();
  return (
    <Kit.Root minWidth="0" overflow="hidden">
      <Kit.List flexWrap="nowrap" fontSize="13px" gap="1">
        {crumbs.map(({ label, to }, index) => (
          <Fragment key={`${label}-${index}`}>
            {index > 0 ? <Kit.Separator>/</Kit.Separator> : null}
            <Kit.Item minWidth={index === crumbs.length - 1 ? "0" : undefined}>
              {to && index < crumbs.length - 1 ? (
                <Kit.Link asChild color="fg.muted"><Link to={to}>{label}</Link></Kit.Link>
              ) : (
                <Kit.CurrentLink fontWeight="500" truncate>{label}</Kit.CurrentLink>
              )}
            </Kit.Item>
          </Fragment>
        ))}
      </Kit.List>
    </Kit.Root>
  );
};

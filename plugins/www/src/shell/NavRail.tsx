import { Flex, Text } from "@chakra-ui/react";
import { Link, useLocation } from "react-router-dom";

import { NAV_ROUTES } from "./routes";
import { useListPath } from "./workspace";

/** The product's screens, as a rail like Airflow's own: sign over word. */
export const NavRail = () => {
  const { pathname } = useLocation();
  const listPath = useListPath();
  return (
    <Flex aria-label="Screens" as="nav" bg="bg" borderRightWidth="1px" direction="column" flexShrink="0" gap="1" padding="2" width="72px">
      {NAV_ROUTES.map(({ icon: Icon, label, owns, path }) => {
        const current = owns.some((prefix) => pathname === prefix || pathname.startsWith(`${prefix}/`));
        return (
          <Flex
            _hover={{ bg: current ? "brand.muted" : "bg.muted" }}
            align="center"
            aria-current={current ? "page" : undefined}
            asChild
            bg={current ? "brand.subtle" : undefined}
            borderRadius="6px"
            color={current ? "brand.fg" : "fg.muted"}
            direction="column"
            gap="1"
            key={path}
            paddingY="2"
          >
            <Link to={path === "/pipelines" ? listPath : path}>
              <Icon aria-hidden size={20} />
              <Text fontSize="11px" fontWeight="500" lineHeight="14px">{label}</Text>
            </Link>
          </Flex>
        );
      })}
    </Flex>
  );
};

import { chakra, HStack, Text } from "@chakra-ui/react";
import { Link } from "react-router-dom";

/** The product's mark; it leads home. */
export const Mark = () => (
  <HStack aria-label="DataFlow AI, home" asChild borderRadius="6px" gap="2" paddingX="1">
    <Link to="/">
      <chakra.svg aria-hidden height="24px" viewBox="0 0 24 24" width="24px">
        <chakra.rect fill="running.solid" height="24" rx="6" width="24" />
        <chakra.path d="M6 7h4.5c3 0 3 10 6 10H18M6 17h4.5c3 0 3-10 6-10H18" fill="none" stroke="white" strokeLinecap="round" strokeWidth="2" />
      </chakra.svg>
      <Text display={{ base: "none", md: "block" }} fontSize="14px" fontWeight="600" whiteSpace="nowrap">DataFlow AI</Text>
    </Link>
  </HStack>
);

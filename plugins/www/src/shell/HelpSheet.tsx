import { CloseButton, Dialog, Flex, HStack, Kbd, Portal, SimpleGrid, Text } from "@chakra-ui/react";

import { KEY_HELP } from "./keys";
import { useOverlay } from "./overlays";

export const HelpSheet = () => {
  const { open, show } = useOverlay();
  return (
    <Dialog.Root onOpenChange={({ open: isOpen }) => show(isOpen ? "help" : null)} open={open === "help"} size="lg">
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content>
            <Dialog.Header><Dialog.Title fontSize="16px">Keyboard</Dialog.Title></Dialog.Header>
            <Dialog.Body>
              <SimpleGrid columns={{ base: 1, md: 2 }} gap="6">
                {KEY_HELP.map(({ rows, title }) => (
                  <Flex direction="column" gap="2" key={title}>
                    <Text color="fg.muted" fontSize="12px" fontWeight="600">{title}</Text>
                    {rows.map(({ does, keys }) => (
                      <Flex align="center" gap="4" justify="space-between" key={does}>
                        <Text fontSize="13px">{does}</Text>
                        <HStack flexShrink="0" gap="1">{keys.map((key) => <Kbd key={key} size="sm">{key}</Kbd>)}</HStack>
                      </Flex>
                    ))}
                  </Flex>
                ))}
              </SimpleGrid>
            </Dialog.Body>
            <Dialog.CloseTrigger asChild><CloseButton size="sm" /></Dialog.CloseTrigger>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
};

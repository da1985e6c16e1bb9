import { Portal, Stack, Toast, Toaster } from "@chakra-ui/react";

import { toaster } from "./toaster";

/** Short notices at the lower right; read aloud by screen readers. */
export const Toasts = () => (
  <Portal>
    <Toaster insetInline={{ mdDown: "4" }} toaster={toaster}>
      {(toast) => (
        <Toast.Root bg="bg.panel" borderColor="border" borderLeftColor={toast.type === "error" ? "failed.solid" : "success.solid"} borderLeftWidth="4px" borderWidth="1px" color="fg" width={{ md: "380px" }}>
          <Stack flex="1" gap="1" maxWidth="100%">
            <Toast.Title fontSize="14px" fontWeight="600">{toast.title}</Toast.Title>
            {toast.description ? <Toast.Description color="fg.muted" fontSize="13px">{toast.description}</Toast.Description> : null}
          </Stack>
          <Toast.CloseTrigger color="fg.muted" />
        </Toast.Root>
      )}
    </Toaster>
  </Portal>
);

import { ChakraProvider } from "@chakra-ui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "react-router-dom";

import { queryClient } from "src/api/client";
import { Toasts } from "src/feedback/Toasts";
import { system } from "src/theme/system";

import { router } from "./router";

export const App = () => (
  <ChakraProvider value={system}>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
      <Toasts />
    </QueryClientProvider>
  </ChakraProvider>
);

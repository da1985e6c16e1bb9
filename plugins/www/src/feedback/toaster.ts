import { createToaster } from "@chakra-ui/react";

import { asApiError } from "src/api/errors";

export const toaster = createToaster({ max: 4, pauseOnPageIdle: true, placement: "bottom-end" });

/** Tells what was tried and why it did not work. */
export const toastError = (title: string, error: unknown): void => {
  const problem = asApiError(error);
  toaster.create({
    closable: true,
    description: [problem.message, problem.hint].filter(Boolean).join(" "),
    duration: 10_000,
    title,
    type: "error",
  });
};

export const toastSuccess = (title: string, description?: string): void => {
  toaster.create({ closable: true, ...(description === undefined ? {} : { description }), duration: 4_000, title, type: "success" });
};

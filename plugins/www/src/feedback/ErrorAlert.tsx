import { Alert } from "@chakra-ui/react";

import { asApiError } from "src/api/errors";
import { Told } from "src/format/Told";

type Props = { error: unknown; title: string };

/** What the server refused, in the dialog that asked for it. */
export const ErrorAlert = ({ error, title }: Props) => (
  <Alert.Root size="sm" status="error">
    <Alert.Indicator />
    <Alert.Content>
      <Alert.Title>{title}</Alert.Title>
      <Alert.Description><Told text={[asApiError(error).message, asApiError(error).hint].filter(Boolean).join(" ")} /></Alert.Description>
    </Alert.Content>
  </Alert.Root>
);

import { useRouteError } from "react-router-dom";

import { ErrorState } from "src/feedback/ErrorState";

/** A screen that broke, or whose code could not be loaded after an upgrade; the shell around it lives on. */
export const ScreenError = () => {
  const error = useRouteError();
  return <ErrorState page error={error} onRetry={() => window.location.reload()} title="This screen failed" />;
};

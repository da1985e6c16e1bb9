import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router-dom";

import { parseView, writeView, type PipelinesView } from "./view";

/** The view in the address, and a way to change it; any change but of the page itself returns to the first page. */
export const usePipelinesView = (): [PipelinesView, (change: Partial<PipelinesView>) => void] => {
  const [params, setParams] = useSearchParams();
  const view = useMemo(() => parseView(params), [params]);
  const update = useCallback(
    (change: Partial<PipelinesView>) =>
      setParams((before) => writeView({ ...parseView(before), page: 1, ...change }), { replace: true }),
    [setParams],
  );
  return [view, update];
};

import { useEffect, useState, type ReactNode } from "react";

type Props = { children: ReactNode; afterMs?: number };

/** Shows its children only when waiting takes long enough to be noticed, so that fast answers do not flicker. */
export const Delayed = ({ afterMs = 150, children }: Props) => {
  const [shown, setShown] = useState(false);
  // A timer is outside React: it is started with the component and stopped with it.
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), afterMs);
    return () => clearTimeout(timer);
  }, [afterMs]);
  return shown ? children : null;
};

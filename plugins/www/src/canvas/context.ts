import { createContext, useContext } from "react";

export type CanvasActions = {
  select: (nodeId: string | null) => void;
  /** Absent where there is no log to open, or no right to read it. */
  openLog?: ((stageId: string) => void) | undefined;
};

const CanvasContext = createContext<CanvasActions>({ select: () => undefined });

export const CanvasProvider = CanvasContext.Provider;
export const useCanvasActions = (): CanvasActions => useContext(CanvasContext);

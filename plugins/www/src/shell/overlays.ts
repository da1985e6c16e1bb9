import { create } from "zustand";

type Overlay = "palette" | "help" | null;

/** Which of the shell's overlays is open; one at a time. */
export const useOverlay = create<{ open: Overlay; show: (overlay: Overlay) => void }>((set) => ({
  open: null,
  show: (open) => set({ open }),
}));

import { useCallback } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router-dom";
import { create } from "zustand";
import { persist } from "zustand/middleware";

type WorkspaceState = { workspace: string | null; remember: (workspace: string | null) => void };

const useRemembered = create<WorkspaceState>()(
  persist((set) => ({ remember: (workspace) => set({ workspace }), workspace: null }), { name: "dataflow-workspace" }),
);

/** The list of pipelines within the workspace chosen last. */
export const useListPath = (): string => {
  const workspace = useRemembered((state) => state.workspace);
  return workspace ? `/pipelines?workspace=${encodeURIComponent(workspace)}` : "/pipelines";
};

/** The chosen workspace: on the list it stands in the address, elsewhere it is the one chosen last. */
export const useWorkspace = (): [string | null, (workspace: string | null) => void] => {
  const { remember, workspace } = useRemembered();
  const [params, setParams] = useSearchParams();
  const onList = useLocation().pathname === "/pipelines";
  const navigate = useNavigate();
  const choose = useCallback(
    (next: string | null) => {
      remember(next);
      if (!onList) {
        void navigate(next ? `/pipelines?workspace=${encodeURIComponent(next)}` : "/pipelines");
        return;
      }
      setParams((before) => {
        const after = new URLSearchParams(before);
        after.delete("page");
        if (next) after.set("workspace", next);
        else after.delete("workspace");
        return after;
      });
    },
    [navigate, onList, remember, setParams],
  );
  return [onList ? params.get("workspace") : workspace, choose];
};

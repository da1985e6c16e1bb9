import { Checkbox, VisuallyHidden } from "@chakra-ui/react";
import { createColumnHelper, getCoreRowModel, useReactTable, type RowSelectionState } from "@tanstack/react-table";
import { useMemo, useState } from "react";

import { useRight } from "src/api/rights";

import { dataColumns, type PipelineRow } from "./columns";
import { RowActions } from "./RowActions";

const column = createColumnHelper<PipelineRow>();

const selectColumn = column.display({
  cell: ({ row }) => (
    <Checkbox.Root aria-label={`Select ${row.original.name}`} checked={row.getIsSelected()} display="flex" onCheckedChange={({ checked }) => row.toggleSelected(checked === true)} size="sm">
      <Checkbox.HiddenInput aria-label={`Select ${row.original.name}`} />
      <Checkbox.Control />
    </Checkbox.Root>
  ),
  enableSorting: false,
  header: ({ table }) => (
    <Checkbox.Root checked={table.getIsAllRowsSelected() ? true : table.getIsSomeRowsSelected() ? "indeterminate" : false} display="flex" onCheckedChange={({ checked }) => table.toggleAllRowsSelected(checked === true)} size="sm">
      <Checkbox.HiddenInput aria-label="Select all on this page" />
      <Checkbox.Control />
    </Checkbox.Root>
  ),
  id: "select",
  size: 36,
});

const actionsColumn = column.display({ cell: ({ row }) => <RowActions row={row.original} />, enableSorting: false, header: () => <VisuallyHidden>Actions</VisuallyHidden>, id: "actions", size: 76 });

/** The table's model: paging, sorting and filtering are the server's, selection is ours; without rights there is nothing to select for. */
export const usePipelinesTable = (rows: PipelineRow[], workspace: string | null) => {
  const [rowSelection, setRowSelection] = useState<RowSelectionState>({});
  const mayRun = useRight("run");
  const mayEdit = useRight("edit");
  const mayAct = mayRun || mayEdit;
  const columns = useMemo(
    () => (mayAct ? [selectColumn, ...dataColumns, actionsColumn] : dataColumns),
    [mayAct],
  );
  const table = useReactTable({
    columns,
    data: rows,
    getCoreRowModel: getCoreRowModel(),
    getRowId: ({ id }) => id,
    manualFiltering: true,
    manualPagination: true,
    manualSorting: true,
    onRowSelectionChange: setRowSelection,
    state: { columnVisibility: { workspace: workspace === null }, rowSelection },
  });
  const selected = Object.keys(rowSelection).filter((id) => rowSelection[id]);
  return { clearSelection: () => setRowSelection({}), selected, table };
};

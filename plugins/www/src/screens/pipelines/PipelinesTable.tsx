import { Box, Table } from "@chakra-ui/react";
import { flexRender, type Table as TableModel } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { LuArrowDown, LuArrowUp } from "react-icons/lu";

import type { PipelineRow } from "./columns";
import { SortButton } from "./SortButton";
import type { PipelinesView, SortKey } from "./view";

type Props = { table: TableModel<PipelineRow>; sort: PipelinesView["sort"]; onSort: (key: SortKey) => void; dimmed: boolean };

const ROW_HEIGHT = 37;

/** The actions stay in sight when the columns need more than the width there is. */
const TABLE_CSS = {
  "& [data-column=actions]": { background: "inherit", insetInlineEnd: 0, position: "sticky", zIndex: 1 },
  "& td, & th": { height: `${ROW_HEIGHT}px`, paddingBlock: "0" },
  "& tr": { background: "bg" },
  "& thead tr": { background: "bg.muted", zIndex: 3 },
  tableLayout: "fixed",
};

/** Rows of one page; only those in sight are in the document, so that 500 scroll as 50 do. */
export const PipelinesTable = ({ dimmed, onSort, sort, table }: Props) => {
  const scroller = useRef<HTMLDivElement>(null);
  const { rows } = table.getRowModel();
  const virtualizer = useVirtualizer({ count: rows.length, estimateSize: () => ROW_HEIGHT, getScrollElement: () => scroller.current, overscan: 12 });
  const visible = virtualizer.getVirtualItems();
  const above = visible[0]?.start ?? 0;
  const below = virtualizer.getTotalSize() - (visible.at(-1)?.end ?? 0);
  const columnCount = table.getAllLeafColumns().length;
  return (
    <Box flex="1" minHeight="0" opacity={dimmed ? 0.6 : 1} overflow="auto" ref={scroller} tabIndex={0} transition="opacity 150ms">
      <Table.Root aria-rowcount={rows.length} css={TABLE_CSS} interactive minWidth={`${table.getTotalSize()}px`} size="sm" stickyHeader width="100%">
        <Table.Header>
          {table.getHeaderGroups().map((group) => (
            <Table.Row key={group.id}>
              {group.headers.map(({ column, getContext, id }) => (
                <Table.ColumnHeader
                  aria-sort={column.id === sort.key ? (sort.descending ? "descending" : "ascending") : undefined}
                  color="fg.muted"
                  data-column={column.id}
                  fontSize="12px"
                  key={id}
                  scope="col"
                  width={`${column.getSize()}px`}
                >
                  {column.getCanSort() ? (
                    <SortButton onClick={() => onSort(column.id as SortKey)}>
                      {flexRender(column.columnDef.header, getContext())}
                      {column.id === sort.key ? (sort.descending ? <LuArrowDown aria-hidden size={12} /> : <LuArrowUp aria-hidden size={12} />) : null}
                    </SortButton>
                  ) : flexRender(column.columnDef.header, getContext())}
                </Table.ColumnHeader>
              ))}
            </Table.Row>
          ))}
        </Table.Header>
        <Table.Body>
          {above > 0 ? <tr aria-hidden><td colSpan={columnCount} style={{ height: above }} /></tr> : null}
          {visible.map(({ index }) => {
            const row = rows[index];
            return row ? (
              <Table.Row aria-rowindex={index + 1} data-selected={row.getIsSelected() || undefined} key={row.id}>
                {row.getVisibleCells().map(({ column, getContext, id }) => <Table.Cell data-column={column.id} fontSize="13px" key={id} overflow="hidden">{flexRender(column.columnDef.cell, getContext())}</Table.Cell>)}
              </Table.Row>
            ) : null;
          })}
          {below > 0 ? <tr aria-hidden><td colSpan={columnCount} style={{ height: below }} /></tr> : null}
        </Table.Body>
      </Table.Root>
    </Box>
  );
};

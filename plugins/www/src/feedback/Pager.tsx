import { Flex, HStack, IconButton, NativeSelect, Text } from "@chakra-ui/react";
import { LuChevronLeft, LuChevronRight } from "react-icons/lu";

import { formatCount } from "src/format/number";

type Props = { page: number; pageSize: number; sizes: readonly number[]; total: number; onPage: (page: number) => void; onSize: (size: number) => void };

export const Pager = ({ onPage, onSize, page, pageSize, sizes, total }: Props) => {
  const pages = Math.max(1, Math.ceil(total / pageSize));
  const first = total === 0 ? 0 : (page - 1) * pageSize + 1;
  return (
    <Flex align="center" as="nav" aria-label="Pages" color="fg.muted" fontSize="12px" gap="4" justify="flex-end" paddingX="4" paddingY="2">
      <HStack gap="2">
        <Text>Rows</Text>
        <NativeSelect.Root size="xs" width="72px">
          <NativeSelect.Field aria-label="Rows per page" onChange={(event) => onSize(Number(event.currentTarget.value))} value={pageSize}>
            {sizes.map((size) => <option key={size} value={size}>{size}</option>)}
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
      </HStack>
      <Text fontVariantNumeric="tabular-nums">{formatCount(first)}–{formatCount(Math.min(total, page * pageSize))} of {formatCount(total)}</Text>
      <HStack gap="1">
        <IconButton aria-label="Previous page" disabled={page <= 1} onClick={() => onPage(page - 1)} size="2xs" variant="outline"><LuChevronLeft aria-hidden /></IconButton>
        <IconButton aria-label="Next page" disabled={page >= pages} onClick={() => onPage(page + 1)} size="2xs" variant="outline"><LuChevronRight aria-hidden /></IconButton>
      </HStack>
    </Flex>
  );
};

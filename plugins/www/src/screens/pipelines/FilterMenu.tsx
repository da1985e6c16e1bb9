import { Badge, Box, Button, Input, Menu, Portal, Text, VisuallyHidden } from "@chakra-ui/react";
import { useState, type ReactNode } from "react";
import { LuCheck, LuChevronDown } from "react-icons/lu";

export type FilterOption = { value: string; count: number; label?: ReactNode };

type Props = { label: string; options: readonly FilterOption[]; selected: readonly string[]; onChange: (selected: string[]) => void };

const SEARCH_ABOVE = 8;

/** A filter with several values: counts beside each, its own search when there are many. */
export const FilterMenu = ({ label, onChange, options, selected }: Props) => {
  const [search, setSearch] = useState("");
  const shown = options.filter(({ value }) => value.toLowerCase().includes(search.toLowerCase()));
  const toggle = (value: string) => onChange(selected.includes(value) ? selected.filter((each) => each !== value) : [...selected, value]);
  return (
    <Menu.Root closeOnSelect={false} onOpenChange={() => setSearch("")} onSelect={({ value }) => toggle(value)} positioning={{ placement: "bottom-start" }}>
      <Menu.Trigger asChild>
        <Button color="fg" fontWeight="400" size="xs" variant="outline">
          {label}
          {selected.length > 0 ? <Badge colorPalette="brand" size="xs" variant="solid">{selected.length}</Badge> : null}
          <VisuallyHidden>{selected.length > 0 ? `filter: ${selected.join(", ")}` : "filter"}</VisuallyHidden>
          <LuChevronDown aria-hidden />
        </Button>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content maxHeight="360px" minWidth="220px" overflow="auto">
            {options.length > SEARCH_ABOVE ? (
              <Box padding="1">
                <Input aria-label={`Search ${label.toLowerCase()}`} onChange={(event) => setSearch(event.currentTarget.value)} onKeyDown={(event) => event.stopPropagation()} placeholder="Search" size="xs" value={search} />
              </Box>
            ) : null}
            {shown.length === 0 ? <Text color="fg.muted" fontSize="13px" padding="2">None</Text> : null}
            {shown.map(({ count, label: optionLabel, value }) => (
              <Menu.Item aria-checked={selected.includes(value)} key={value} role="menuitemcheckbox" value={value}>
                <LuCheck aria-hidden style={{ flexShrink: 0, visibility: selected.includes(value) ? "visible" : "hidden" }} />
                <Box flex="1" overflow="hidden" textOverflow="ellipsis">{optionLabel ?? value}</Box>
                <Text color="fg.muted" fontSize="12px" fontVariantNumeric="tabular-nums">{count}</Text>
              </Menu.Item>
            ))}
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
};

import { Button, Flex } from "@chakra-ui/react";
import { useCallback } from "react";

import type { Schemas } from "src/api/client";
import { StateBadge } from "src/states/StateBadge";

import { FilterMenu } from "./FilterMenu";
import { SearchField } from "./SearchField";
import { isFiltered, toStates, type PipelinesView } from "./view";

type Props = {
  view: PipelinesView;
  facets: Schemas["PipelineFacets"] | undefined;
  onChange: (change: Partial<PipelinesView>) => void;
};

export const Toolbar = ({ facets, onChange, view }: Props) => {
  const search = useCallback((text: string) => onChange({ search: text }), [onChange]);
  return (
    <Flex align="center" gap="2" wrap="wrap">
      <SearchField label="Search name, id, description" onChange={search} value={view.search} />
      <FilterMenu label="State" onChange={(states) => onChange({ states: toStates(states) })} options={(facets?.states ?? []).map((each) => ({ ...each, label: <StateBadge state={each.value} /> }))} selected={view.states} />
      <FilterMenu label="Tag" onChange={(tags) => onChange({ tags })} options={facets?.tags ?? []} selected={view.tags} />
      <FilterMenu label="Owner" onChange={(owners) => onChange({ owners })} options={facets?.owners ?? []} selected={view.owners} />
      {isFiltered(view) ? (
        <Button onClick={() => onChange({ owners: [], search: "", states: [], tags: [] })} size="xs" variant="ghost">Clear filters</Button>
      ) : null}
    </Flex>
  );
};

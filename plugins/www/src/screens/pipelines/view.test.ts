import { describe, expect, it } from "vitest";

import { isFiltered, parseView, toQuery, writeView } from "./view";

const parse = (text: string) => parseView(new URLSearchParams(text));

describe("parseView and writeView", () => {
  it.each([
    "",
    "workspace=telecom&search=cdr&state=running&state=failed&tag=a&owner=b&sort=-next_run&page=3&size=250",
  ])("'%s' comes back unchanged", (text) => expect(writeView(parse(text)).toString()).toBe(text));

  it("turns what it does not know into the default", () => {
    const view = parse("sort=-secret&page=-2&size=7&state=bogus");
    expect(view).toMatchObject({ page: 1, pageSize: 50, states: [], sort: { descending: false, key: "name" } });
    expect(writeView(view).toString()).toBe("");
  });
});

describe("toQuery", () => {
  it("counts pages from one and leaves out what is not asked", () => {
    expect(toQuery(parse("page=3&size=100"))).toEqual({ limit: 100, offset: 200, sort: "name" });
    expect(toQuery(parse("state=failed"))).toMatchObject({ state: ["failed"] });
  });
});

describe("isFiltered", () => {
  it("does not count the workspace", () => {
    expect([isFiltered(parse("workspace=a")), isFiltered(parse("tag=a"))]).toEqual([false, true]);
  });
});

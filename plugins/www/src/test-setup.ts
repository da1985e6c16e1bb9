/** What jsdom lacks of a browser, and a server that answers from a table. */
import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach, vi } from "vitest";

import { answer, resetServer } from "src/testing/server";

// Node's Request wants whole addresses; a page's are relative to where it lies.
const NodeRequest = globalThis.Request;
vi.stubGlobal("Request", class extends NodeRequest {
  constructor(input: RequestInfo | URL, init?: RequestInit) {
    super(typeof input === "string" ? new URL(input, window.location.href) : input, init);
  }
});
vi.stubGlobal("fetch", answer);
vi.stubGlobal("ResizeObserver", class {
  observe() { /* sizes never change here */ }
  unobserve() { /* nothing is observed */ }
  disconnect() { /* nothing is observed */ }
});
vi.stubGlobal("matchMedia", (query: string) => ({ addEventListener: () => undefined, matches: false, media: query, removeEventListener: () => undefined }));
// A list without a height shows no rows.
Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, value: 800 });
Object.defineProperty(HTMLElement.prototype, "clientWidth", { configurable: true, value: 1200 });
Element.prototype.scrollTo = () => undefined;

afterEach(() => {
  cleanup();
  resetServer();
});

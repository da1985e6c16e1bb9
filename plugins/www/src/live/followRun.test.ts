import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Schemas } from "src/api/client";

import { followRun, type LinkStatus, pauseBefore } from "./followRun";

/** A socket driven by the test. */
class FakeSocket {
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  closed = false;
  close() {
    this.closed = true;
  }
}

const runDocument = (state: Schemas["RunState"]) => ({ graph: null, run: { state }, stages: [] });
const event = (state: Schemas["RunState"], final: boolean) => ({ data: JSON.stringify({ document: runDocument(state), final, kind: "change" }) });

describe("followRun", () => {
  let sockets: FakeSocket[];
  let statuses: LinkStatus[];
  let states: string[];
  let stop: () => void;

  beforeEach(() => {
    vi.useFakeTimers();
    [sockets, statuses, states] = [[], [], []];
    stop = followRun({
      connect: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket as unknown as WebSocket;
      },
      onDocument: ({ run }) => states.push(run.state),
      onStatus: (status) => statuses.push(status),
      random: () => 0,
      url: "ws://test",
    });
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  it("hands over every document until the run is over, then stays quiet", () => {
    sockets[0]!.onmessage!(event("running", false));
    sockets[0]!.onmessage!(event("success", true));
    sockets[0]!.onclose!({ code: 1000 });
    vi.advanceTimersByTime(60_000);
    expect(states).toEqual(["running", "success"]);
    expect(statuses).toEqual(["connecting", "live", "over"]);
    expect(sockets).toHaveLength(1);
  });

  it("comes back after a loss, with growing pauses that a message resets", () => {
    sockets[0]!.onclose!({ code: 1006 });
    vi.advanceTimersByTime(499);
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    sockets[1]!.onclose!({ code: 1006 });
    vi.advanceTimersByTime(999);
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(1);
    sockets[2]!.onmessage!(event("running", false));
    sockets[2]!.onclose!({ code: 1006 });
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(4);
    expect(statuses).toEqual(["connecting", "lost", "lost", "live", "lost"]);
  });

  it("does not knock again where it was refused", () => {
    sockets[0]!.onclose!({ code: 4403 });
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    expect(statuses.at(-1)).toBe("lost");
  });

  it("ignores what it cannot read", () => {
    sockets[0]!.onmessage!({ data: "not json" });
    sockets[0]!.onmessage!({ data: "{}" });
    expect(states).toEqual([]);
  });

  it("stops when told", () => {
    sockets[0]!.onclose!({ code: 1006 });
    stop();
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
  });
});

describe("pauseBefore", () => {
  it("grows to a limit", () => expect([0, 1, 4, 10].map((attempt) => pauseBefore(attempt, 0))).toEqual([500, 1000, 8000, 15_000]));
  it("is shortened by a fifth at most", () => expect(pauseBefore(0, 1)).toBe(400));
});

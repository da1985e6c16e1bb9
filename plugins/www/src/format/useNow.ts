import { useSyncExternalStore } from "react";

type Clock = { listeners: Set<() => void>; now: number; timer?: ReturnType<typeof setInterval> };

const clocks = new Map<number, Clock>();

const clockOf = (everyMs: number): Clock => {
  const existing = clocks.get(everyMs);
  if (existing) return existing;
  const created: Clock = { listeners: new Set<() => void>(), now: Date.now() };
  clocks.set(everyMs, created);
  return created;
};

const subscribeTo = (everyMs: number) => (listener: () => void) => {
  const clock = clockOf(everyMs);
  if (clock.listeners.size === 0) {
    clock.now = Date.now();
    clock.timer = setInterval(() => {
      clock.now = Date.now();
      clock.listeners.forEach((each) => each());
    }, everyMs);
  }
  clock.listeners.add(listener);
  return () => {
    clock.listeners.delete(listener);
    if (clock.listeners.size === 0) clearInterval(clock.timer);
  };
};

const subscribers = new Map<number, ReturnType<typeof subscribeTo>>();

const subscriberOf = (everyMs: number) => {
  const subscriber = subscribers.get(everyMs) ?? subscribeTo(everyMs);
  subscribers.set(everyMs, subscriber);
  return subscriber;
};

/** The present time, renewed every so often by one timer shared among all who ask for the same step. */
export const useNow = (everyMs: number): Date =>
  new Date(useSyncExternalStore(subscriberOf(everyMs), () => clockOf(everyMs).now));

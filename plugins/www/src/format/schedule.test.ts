import { describe, expect, it } from "vitest";

import { formatSchedule, formatScheduleInZone } from "./schedule";

const schedule = (cron: string | null, summary = `raw ${cron ?? ""}`) => ({ cron, summary, timezone: "Europe/Warsaw" });

describe("formatSchedule", () => {
  it.each([
    ["30 6 * * *", "Daily at 06:30"], ["0 22 * * 1-5", "Weekdays at 22:00"], ["5 4 * * 7", "Sundays at 04:05"],
    ["0 5 1 * *", "Monthly on day 1 at 05:00"], ["*/15 * * * *", "Every 15 minutes"], ["0 * * * *", "Hourly"], ["10 * * * *", "Hourly at :10"],
    ["@daily", "Daily at 00:00"],
  ])("%s is %s", (cron, words) => expect(formatSchedule(schedule(cron))).toBe(words));

  it.each(["0 6,18 * * *", "0 6 * 1 *", "0 6 1 * 1", "61 6 * * *", "0 6 * * * 2027", "0 0 1-7 * *"])("%s stays as it is written", (cron) =>
    expect(formatSchedule(schedule(cron))).toBe(`raw ${cron}`));

  it("leaves schedules without a cron to the server's words", () => {
    expect(formatSchedule(schedule(null, "after orders"))).toBe("after orders");
    expect(formatScheduleInZone(schedule("30 6 * * *"))).toBe("Daily at 06:30 (Europe/Warsaw)");
    expect(formatScheduleInZone(schedule("0 6,18 * * *"))).toBe("raw 0 6,18 * * *");
  });
});

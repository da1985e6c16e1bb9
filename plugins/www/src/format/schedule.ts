/** Cron as people say it, for the forms that schedules mostly have; any other form is left as it is written. */

const DAYS = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"] as const;

const WORDS: Record<string, string> = {
  "@daily": "Daily at 00:00", "@hourly": "Hourly", "@midnight": "Daily at 00:00", "@monthly": "Monthly on day 1 at 00:00", "@weekly": "Sundays at 00:00", "@yearly": "Yearly",
};

const small = (field: string, limit: number): number | null => {
  const value = /^\d{1,2}$/.test(field) ? Number(field) : NaN;
  return value < limit ? value : null;
};

const two = (value: number) => String(value).padStart(2, "0");

const dayOfWeek = (field: string): string | null => {
  if (field === "*") return "Daily";
  if (field === "1-5" || field.toLowerCase() === "mon-fri") return "Weekdays";
  const day = /^[0-7]$/.test(field) ? DAYS[Number(field) % 7] : undefined;
  return day ?? null;
};

const everyMinutes = (minute: string): string | null => {
  const step = /^\*\/(\d{1,2})$/.exec(minute)?.[1];
  if (step) return step === "1" ? "Every minute" : `Every ${step} minutes`;
  if (minute === "*") return "Every minute";
  const at = small(minute, 60);
  return at === null ? null : at === 0 ? "Hourly" : `Hourly at :${two(at)}`;
};

/** `30 6 * * 1-5` → `Weekdays at 06:30`; null when there is no short way to say it. */
const sayCron = (cron: string): string | null => {
  const [minute = "", hour = "", day = "", month = "", weekday = "", ...rest] = cron.trim().split(/\s+/);
  if (rest.length > 0 || month !== "*") return null;
  if (hour === "*") return day === "*" && weekday === "*" ? everyMinutes(minute) : null;
  const [atMinute, atHour] = [small(minute, 60), small(hour, 24)];
  if (atMinute === null || atHour === null) return null;
  const time = `${two(atHour)}:${two(atMinute)}`;
  if (day !== "*") {
    const date = small(day, 32);
    return date === null || weekday !== "*" ? null : `Monthly on day ${date} at ${time}`;
  }
  const days = dayOfWeek(weekday);
  return days === null ? null : `${days} at ${time}`;
};

type Schedule = { summary: string; cron: string | null; timezone: string | null };

/** Short words when there are some, else the server's own. */
export const formatSchedule = ({ cron, summary }: Schedule): string => (cron ? (WORDS[cron] ?? sayCron(cron)) : null) ?? summary;

/** Words and the zone they hold in. */
export const formatScheduleInZone = (schedule: Schedule): string => {
  const words = formatSchedule(schedule);
  return words === schedule.summary || !schedule.timezone ? words : `${words} (${schedule.timezone})`;
};

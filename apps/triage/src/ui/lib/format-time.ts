const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Axes up to this are read by the hour, and beyond the longer one by the month. */
const shortSpanMs = 14 * dayMs;
const longSpanMs = 730 * dayMs;

const thisYear = new Intl.DateTimeFormat("en", { month: "short", day: "numeric" });
const anyYear = new Intl.DateTimeFormat("en", { year: "numeric", month: "short", day: "numeric" });
const local = new Intl.DateTimeFormat("en", {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
});
const month = new Intl.DateTimeFormat("en", { year: "numeric", month: "short" });
const short = new Intl.DateTimeFormat("en", {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

export function isTime(at: number): boolean {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15;
}

/** "now", "4 min", "3 h", "2 d", then a date. */
export function formatRelative(at: number, now: number): string {
  if (!isTime(at)) return "unknown";
  const age = now - at;
  if (age < -minuteMs) return anyYear.format(at);
  if (age < 45_000) return "now";
  if (age < hourMs) return `${Math.max(1, Math.round(age / minuteMs))} min`;
  if (age < dayMs) return `${Math.round(age / hourMs)} h`;
  if (age < 7 * dayMs) return `${Math.round(age / dayMs)} d`;
  return new Date(at).getFullYear() === new Date(now).getFullYear()
    ? thisYear.format(at)
    : anyYear.format(at);
}

/** Local and UTC: incidents are compared across zones. */
export function formatAbsolute(at: number): string {
  if (!isTime(at)) return "unknown time";
  const utc = new Date(at)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
  return `${local.format(at)} (${utc})`;
}

/** A point on an axis of that length: the longer it is, the less the hour says and the more the year does. */
export function formatTick(at: number, spanMs: number): string {
  if (!isTime(at)) return "unknown";
  if (spanMs > longSpanMs) return month.format(at);
  return (spanMs > shortSpanMs ? anyYear : short).format(at);
}

/** UTC to the second, as evidence is usually quoted. */
export function formatUtc(at: number): string {
  return isTime(at) ? new Date(at).toISOString().slice(0, 19).replace("T", " ") : "unknown";
}

export function formatSpan(from: number, to: number): string {
  const span = Math.max(0, to - from);
  if (span < minuteMs) return `${Math.round(span / 1000)} s`;
  if (span < hourMs) return `${Math.round(span / minuteMs)} min`;
  if (span < 2 * dayMs) return `${Math.round(span / hourMs)} h`;
  return `${Math.round(span / dayMs)} d`;
}

/**
 * Date and time as Suricata and Windows collectors write them: `T` or a space between, up to nine decimals, zone `Z`, `-0600`, `-06:00`,
 * `-06` or absent, which means UTC. Not Date.parse: it reads a missing zone as local time and refuses `-0600` in some engines.
 */
const pattern =
  /^\s*(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|UTC|[+-]\d{2}:?(?:\d{2})?)?\s*$/i;

/** Milliseconds since 1970 UTC, or undefined where the text is no such time. */
export function parseEventTime(text: string): number | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const part = (digits: string | undefined): number => Number(digits ?? "0");
  const milliseconds = Math.trunc(Number(`0.${fraction ?? "0"}`) * 1000);
  const local = Date.UTC(
    part(year),
    part(month) - 1,
    part(day),
    part(hour),
    part(minute),
    part(second),
    milliseconds,
  );
  // Date.UTC rolls 31 February into March; such a record is damaged.
  const check = new Date(local);
  if (
    check.getUTCMonth() !== part(month) - 1 ||
    check.getUTCDate() !== part(day) ||
    part(hour) > 23 ||
    part(minute) > 59
  )
    return undefined;
  return local - zoneMinutes(zone) * 60_000;
}

export function hasZone(text: string): boolean {
  return pattern.exec(text)?.[8] !== undefined;
}

function zoneMinutes(zone: string | undefined): number {
  if (zone === undefined || /^(Z|UTC)$/i.test(zone)) return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone.startsWith("-") ? -minutes : minutes;
}

import { hasZone, parseEventTime } from "./event-time.ts";

const quarterHourMs = 900_000;

/**
 * When a Windows record happened, by one clock for all channels of a host, so that Security and Sysmon records of one act stay
 * together: TimeCreated, else EventTime, else @timestamp, else UtcTime (which only Sysmon has).
 *
 * NXLog writes EventTime and EventReceivedTime in local time without a zone and adds @timestamp in UTC at receipt; the two receipt
 * times give the zone. Without them an absent zone means UTC.
 */
export function windowsTime(fields: Readonly<Record<string, string>>): number | undefined {
  const timestamp = time(fields["@timestamp"]);
  const created = time(fields.TimeCreated ?? fields.time_created);
  if (created !== undefined) return created;
  const eventTime = fields.EventTime;
  const local = time(eventTime);
  if (local !== undefined && eventTime !== undefined) {
    const received = fields.EventReceivedTime;
    const receivedAt = time(received);
    if (hasZone(eventTime) || received === undefined || receivedAt === undefined || timestamp === undefined)
      return local;
    const zone = Math.round((timestamp - receivedAt) / quarterHourMs) * quarterHourMs;
    // Zones reach from UTC−12 to UTC+14; anything else is a queue that was emptied late, not a zone.
    return Math.abs(zone) <= 14 * 4 * quarterHourMs ? local + zone : local;
  }
  return timestamp ?? time(fields.UtcTime);
}

function time(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseEventTime(text);
}

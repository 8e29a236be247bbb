import { countSession } from "./count.ts";
import {
  demandOf,
  peakFactor,
  platform,
  recordCapacity,
  secondsAMonth,
  sessionOf,
  typical,
} from "./model.ts";
import { fullest, herdAfter } from "./simulate.ts";

// `npm run scale`: the tables of docs/scale.md, from what a session is counted to write here, the platform's limits and prices, and two
// simulations. Takes half a minute.

const everyMs = 1000 / typical.tokensPerSecond;
const [few, more] = [
  await countSession(1, typical.tokens, everyMs),
  await countSession(3, typical.tokens, everyMs),
];
const session = sessionOf(few, more, 2);

print("One session", [
  ["", "object", "record"],
  ["rows written", round(session.objectRows), round(session.recordRows)],
  ["KB stored", round(session.objectBytes / 1000), round(session.recordBytes / 1000)],
  ["round trips", "", round(session.recordTrips)],
]);

const sizes = [1e6, 1e8] as const;
const demands = sizes.map((sessions) => demandOf(session, sessions));
print("Sessions begun in a month", [
  ["", ...sizes.map(round)],
  ["answering at once, at the peak", ...demands.map(({ answeringAtPeak }) => round(answeringAtPeak))],
  ["GB in the objects, of one month", ...demands.map(({ objectBytes }) => round(objectBytes / 1e9))],
  ["GB in the record, of one month", ...demands.map(({ recordBytes }) => round(recordBytes / 1e9))],
  ["databases that these fill", ...demands.map(({ databases }) => round(databases))],
  ["batches a second to the record, at the peak", ...demands.map(({ tripsAtPeak }) => round(tripsAtPeak))],
  [
    "of these to each database",
    ...demands.map(({ tripsAtPeak, databases }) => round(tripsAtPeak / databases)),
  ],
  ["lines a second to the live lists, at the peak", ...demands.map(({ feedAtPeak }) => round(feedAtPeak))],
]);
print("US dollars a month", [
  ["", ...sizes.map(round)],
  ...Object.keys(demands[0]?.dollars ?? {}).map((part) => [
    part,
    ...demands.map(({ dollars }) => round(dollars[part as keyof typeof dollars])),
  ]),
  ["all", ...demands.map(({ dollars }) => round(Object.values(dollars).reduce((sum, one) => sum + one, 0)))],
]);
print("Sessions until", [
  ["", "sessions"],
  ["one database is full", round(platform.databaseBytes / session.recordBytes)],
  [
    "an account's databases are full (1 TB, raised on request)",
    round(platform.databaseBytesOfAccount / session.recordBytes),
  ],
  [
    "a list asks more databases than one invocation may (1,000)",
    round((platform.queriesOfInvocation * platform.databaseBytes) / session.recordBytes),
  ],
  [
    "the live lists' one object is at its soft limit (1,000 a second), begun in a month",
    round(sizes[0] * (platform.objectRequestsPerSecond / (demands[0]?.feedAtPeak ?? 1))),
  ],
]);
print("The fullest database beside the average", [
  ["databases", "sessions", "fullest"],
  ...[2, 8, 32, 128].map((databases) => [
    String(databases),
    round(databases * 25_000),
    fullest(databases * 25_000, databases, session.recordBytes, databases).toFixed(3),
  ]),
]);
const sessionsPerSecond = (sizes[0] * peakFactor) / secondsAMonth;
print("One database for a million sessions a month was away at the peak; it takes 100 batches a second", [
  ["away", "sessions that wait", "most that come in a second", "half are recorded after", "all after"],
  ...[1, 10, 60, 360].map((minutes) => {
    const { runsPerSecond } = recordCapacity;
    const herd = herdAfter(minutes * 60, sessionsPerSecond, runsPerSecond, minutes);
    return [
      `${minutes} min`,
      round(herd.waiting),
      round(herd.peakPerSecond),
      `${round(herd.halfSeconds)} s`,
      `${round(herd.allSeconds)} s`,
    ];
  }),
]);
process.exit(0);

function print(title: string, [head = [], ...rows]: readonly (readonly string[])[]): void {
  console.log(
    `\n**${title}**\n\n| ${head.join(" | ")} |\n|${head.map((_, index) => (index === 0 ? "---" : "--:")).join("|")}|`,
  );
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
}

/** Three digits are more than such figures are good for. */
function round(value: number): string {
  return Number(value.toPrecision(value < 1000 ? 2 : 3)).toLocaleString("en-US");
}

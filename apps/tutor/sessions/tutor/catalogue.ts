import type { Course } from "./contract.ts";

export type TransferRule = {
  readonly course: string;
  readonly college: string;
  readonly equivalent: string | null;
};

const courses: readonly Course[] = [
  { code: "MATH 101", title: "Calculus I", credits: 4 },
  { code: "MATH 102", title: "Calculus II", credits: 4 },
  { code: "BIOL 110", title: "General Biology", credits: 4 },
  { code: "ENGL 105", title: "Academic Writing", credits: 3 },
  { code: "CSCI 120", title: "Programming I", credits: 3 },
];
const rules: readonly TransferRule[] = [
  { course: "MATH 101", college: "Northgate College", equivalent: "MTH 121" },
  { course: "MATH 101", college: "Westmere University", equivalent: "MATH 1A" },
  { course: "MATH 102", college: "Northgate College", equivalent: "MTH 122" },
  { course: "BIOL 110", college: "Westmere University", equivalent: null },
  { course: "ENGL 105", college: "Northgate College", equivalent: "ENG 101" },
  { course: "CSCI 120", college: "Westmere University", equivalent: "CS 10" },
];

/** The invented catalogue, in D1 beside the record. */
export async function loadCourses(database: D1Database): Promise<Course[]> {
  await seed(database);
  return (await database.prepare("SELECT code, title, credits FROM course ORDER BY code").all<Course>())
    .results;
}

export async function loadTransferRules(database: D1Database): Promise<TransferRule[]> {
  await seed(database);
  const query = "SELECT course, college, equivalent FROM transfer_rule ORDER BY course, college";
  return (await database.prepare(query).all<TransferRule>()).results;
}

/** Repeating it changes nothing. */
async function seed(database: D1Database): Promise<void> {
  await database.batch([
    database.prepare(
      "CREATE TABLE IF NOT EXISTS course (code TEXT PRIMARY KEY, title TEXT, credits INTEGER)",
    ),
    database.prepare(
      "CREATE TABLE IF NOT EXISTS transfer_rule (course TEXT, college TEXT, equivalent TEXT, PRIMARY KEY (course, college))",
    ),
    ...courses.map(({ code, title, credits }) =>
      database.prepare("INSERT OR IGNORE INTO course VALUES (?, ?, ?)").bind(code, title, credits),
    ),
    ...rules.map(({ course, college, equivalent }) =>
      database
        .prepare("INSERT OR IGNORE INTO transfer_rule VALUES (?, ?, ?)")
        .bind(course, college, equivalent),
    ),
  ]);
}

import { callable, type Json, SessileError, Session } from "sessile";
import type { Env } from "../../src/env.ts";
import { loadCourses, loadTransferRules } from "./catalogue.ts";
import { checkEvent } from "./check-event.ts";
import type { TutorEvents } from "./contract.ts";

type State = { readonly lastCourse: string | null };

const catalogueTtlMs = 5 * 60_000;
const rulesTtlMs = 10 * 60_000;

/** A tutoring session: D1 holds whatever is shown. */
export default class TutorSession extends Session<Env, State, TutorEvents> {
  readonly kind = "tutor";
  readonly initialState: State = { lastCourse: null };
  override readonly durability = "ledger";
  override readonly clientWrites = { events: ["message", "transcript", "context"] };
  override readonly summaries = {};
  override readonly quotas = {
    charge: (_command: unknown, eventType: string | null) => (eventType === "message" ? 1 : 0),
  };

  /** The catalogue, or the courses whose code or title has `query` in it. */
  readonly courses = callable(async (query: string) => {
    const wanted = query.trim().toLowerCase();
    const all = await this.#catalogue();
    return all.filter(({ code, title }) => `${code} ${title}`.toLowerCase().includes(wanted));
  });

  /** Answers in the session whether a course transfers. */
  readonly checkTransfer = callable(async (code: string) => {
    const [courses, rules] = await Promise.all([this.#catalogue(), this.#rules()]);
    const course = courses.find((one) => one.code.toLowerCase() === code.trim().toLowerCase());
    if (!course) throw new SessileError("not_found", "The catalogue has no such course.", { field: "code" });
    const answers = rules
      .filter((rule) => rule.course === course.code)
      .map(({ college, equivalent }) => `${college}: ${equivalent ?? "does not transfer"}`);
    const text = `${course.code} ${course.title} — ${answers.join("; ") || "no rule is known"}.`;
    this.append("message", { role: "assistant", text });
    this.setState({ lastCourse: course.code });
    return text;
  });

  override validateEvent(type: string, payload: Json): void {
    checkEvent(type, payload);
  }

  async #catalogue() {
    const load = () => loadCourses(this.env.SESSILE_RECORD);
    return (await this.cached("glob:catalogue", catalogueTtlMs, load)) ?? [];
  }

  async #rules() {
    const load = () => loadTransferRules(this.env.SESSILE_RECORD);
    return (await this.cached("glob:transfer-rules", rulesTtlMs, load)) ?? [];
  }
}

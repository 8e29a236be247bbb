import type { TutorSession } from "@sessions/tutor";
import { type FormEvent, useEffect, useState } from "react";
import type { UseSession } from "sessile/react";
import type { Course } from "../../sessions/tutor/contract.ts";

/** Asks the catalogue whether a course transfers; the answer is said in the conversation. */
export function CourseCheck({
  session,
}: {
  readonly session: Pick<UseSession<TutorSession>, "call" | "state">;
}) {
  const { call, state } = session;
  const [courses, setCourses] = useState<readonly Course[]>([]);
  const [error, setError] = useState("");
  useEffect(() => {
    call.courses("").then(setCourses, (failure: Error) => setError(failure.message));
  }, [call]);
  const check = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setError("");
    const code = String(new FormData(event.currentTarget).get("code"));
    call.checkTransfer(code).catch((failure: Error) => setError(failure.message));
  };
  return (
    <form className="card grid gap-3" onSubmit={check}>
      <h2 className="font-semibold">Does it transfer?</h2>
      <label className="grid gap-1">
        Course
        <select className="field" name="code">
          {courses.map(({ code, title }) => (
            <option key={code} value={code}>
              {code} {title}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className="button" disabled={courses.length === 0}>
        Check
      </button>
      {state?.lastCourse && <p className="quiet text-sm">Checked last: {state.lastCourse}</p>}
      <p role="alert">{error}</p>
    </form>
  );
}

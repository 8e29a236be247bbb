import { expect, test } from "vitest";
import { SessileError } from "./error.ts";
import { modelError } from "./model-error.ts";

test("RN7 of a model's failure readers learn the class and the provider's status, and nothing it said", () => {
  const said = (thrown: unknown) => modelError(thrown).message;
  const secret = new Error("Incorrect API key: sk-secret");
  expect(said(Object.assign(new Error("sk-secret"), { statusCode: 401 }))).toBe(
    "The model could not answer (the provider answered 401).",
  );
  expect(said(new TypeError("Invalid URL: sk-secret"))).toBe("The model could not answer (TypeError).");
  expect(said(Object.assign(secret, { name: "sk secret" }))).toBe("The model could not answer (Error).");
  expect(said(new Error("Network connection lost."))).toContain("no connection");
  expect(said("sk-secret")).toContain("unknown error");
  expect(modelError(new SessileError("rejected", "Not today."))).toMatchObject({ code: "rejected" });
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { axeViolations } from "../../../../scripts/lib/axe-violations.ts";
import { afterReading, answerAgents, call, ScriptedModel } from "../fixtures/agent-model.ts";
import { orderingCheckIns, orders } from "../fixtures/stories.ts";
import { TriageInBrowser } from "./triage-in-browser.ts";

let app: TriageInBrowser;
let model: ScriptedModel;
beforeAll(async () => {
  model = await ScriptedModel.start();
  app = await TriageInBrowser.start({
    TRIAGE_MODEL_URL: `${model.url}/v1`,
    TRIAGE_MODEL: "scripted",
    TRIAGE_MODEL_PRICES: "1000,2000",
  });
});
afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  await model?.stop();
  expect(app?.complaints).toEqual([]);
});

test("what a model says under an attacker's orders is shown as its words, as text, with cost, code and what was refused", async () => {
  model.otherwise = answerAgents({
    network: afterReading((record) => ({
      calls: [
        call("run_code", { code: `return ${JSON.stringify(orders)};` }),
        call("close_incident", { reason: orders }),
        call("report_finding", {
          title: orders,
          detail: orders,
          severity: "low",
          confidence: 1,
          evidence: [{ record, field: "alert.signature" }],
        }),
        call("conclude", { summary: orders }),
      ],
    })),
    synthesiser: afterReading((record) => ({
      calls: [call("conclude", { summary: orders, severity: "low", evidence: [{ record }] })],
    })),
    planner: afterReading((record) => ({
      calls: [
        call("propose_action", {
          action: "review-exposure",
          targets: [],
          rationale: orders,
          evidence: [{ record }],
        }),
        call("conclude", { summary: orders }),
      ],
    })),
  });
  const { page } = await app.person("Ada");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await app.ingest(orderingCheckIns("10.20.0.9"));
  await page.goto(app.url);
  await page.getByRole("main").getByRole("link").first().click();
  await page.getByRole("button", { name: /^Start investigation/ }).click();
  await page.getByRole("button", { name: /^Record decision/ }).waitFor();

  const triage = page.getByRole("region", { name: "Triage" });
  await triage.getByText("As the model tells it").waitFor();
  await triage.getByText(/^[\d.K]+ tokens · \$[\d.]+ · [\d.]+ s$/).waitFor();
  await triage.getByText("The verdict stays high: a model lowers nothing.").waitFor();
  const plan = page.getByRole("region", { name: "Action plan" });
  const proposed = plan.getByRole("listitem").filter({ hasText: "Proposed by" });
  await proposed.getByRole("button", { name: /^Approve/ }).waitFor();
  const agents = page.getByRole("region", { name: "Agents" });
  await agents
    .getByText(/^[\d.K]+ tokens · \$[\d.]+ · [\d.]+ s$/)
    .first()
    .waitFor();

  const refused = agents.getByText("Refused: 1 call");
  await refused.focus();
  await page.keyboard.press("Enter");
  await agents.getByText("close_incident", { exact: true }).waitFor();
  await agents.getByText(/^Code run in a sandbox: 1 time/).click();
  await agents.getByRole("region", { name: "Output" }).waitFor();

  expect(await page.locator("main img, main iframe, main script, main a[href*='evil']").count()).toBe(0);
  expect(asked.filter((url) => url.includes("evil.example"))).toEqual([]);
  expect(await axeViolations(page)).toEqual([]);

  await page.getByRole("link", { name: /Inbox/ }).click();
  await page
    .getByText(/Proposed by the model:/)
    .first()
    .waitFor();
  expect(await page.locator("main img, main a[href*='evil']").count()).toBe(0);
});

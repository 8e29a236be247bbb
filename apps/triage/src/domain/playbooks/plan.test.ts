import { describe, expect, it } from "vitest";
import { incidentTypes } from "../model/incident-type.ts";
import { severities } from "../model/severity.ts";
import { planActions } from "./plan.ts";
import { playbookFor, playbooks } from "./playbooks.ts";

const actors = {
  hosts: ["host-1"],
  ips: ["10.0.0.5", "203.0.113.4", "192.0.2.10", "255.255.255.255"],
  users: ["ex\\pat"],
};

describe("planActions", () => {
  it("has a playbook and at least one action for every type and severity", () => {
    for (const type of incidentTypes) {
      expect(playbookFor(type).types).toContain(type);
      for (const severity of severities)
        expect(planActions({ type, severity, actors }).actions.length).toBeGreaterThan(0);
    }
  });

  it("gives each action what a person needs to decide", () => {
    for (const action of planActions({ type: "malware", severity: "critical", actors }).actions) {
      expect(action).toMatchObject({
        risk: expect.stringMatching(/low|medium|high/),
        reversible: expect.any(Boolean),
        integration: expect.any(String),
      });
      expect(action.rationale.length).toBeGreaterThan(20);
      expect(action.timeWindow).toMatch(/^\d+ (minutes|hours?|days)$/);
    }
  });

  it("does more the worse it is", () => {
    const count = (severity: "low" | "critical") =>
      planActions({ type: "malware", severity, actors }).actions.length;
    expect(count("critical")).toBeGreaterThan(count("low"));
  });

  it("blocks addresses outside and never our own, private, public or broadcast", () => {
    const plan = planActions({ type: "malware", severity: "high", actors, ownIps: ["192.0.2.10"] });
    expect(plan.actions.find((action) => action.id === "block-address")?.targets).toEqual([
      { kind: "external-ip", value: "203.0.113.4" },
    ]);
    expect(
      plan.actions.find((action) => action.id === "isolate-address")?.targets.map((target) => target.value),
    ).toEqual(["10.0.0.5", "192.0.2.10"]);
  });

  it("leaves out steps without a target", () => {
    const plan = planActions({
      type: "malware",
      severity: "critical",
      actors: { hosts: [], ips: [], users: [] },
    });
    expect(plan.actions.map((action) => action.id)).toEqual(["hunt"]);
  });

  it("names steps once in each playbook", () => {
    for (const { steps } of playbooks) expect(new Set(steps.map((step) => step.id)).size).toBe(steps.length);
  });
});

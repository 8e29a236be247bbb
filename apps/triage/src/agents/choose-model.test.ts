import { expect, test } from "vitest";
import { chooseModel, type ModelSettings } from "./choose-model.ts";

const url = "http://127.0.0.1:1/v1";

test("without a model's name, or without anywhere to ask, there is none", () => {
  const none: ModelSettings[] = [
    {},
    { TRIAGE_MODEL: "m" },
    { TRIAGE_MODEL_URL: url },
    { TRIAGE_MODEL: "", TRIAGE_MODEL_URL: url },
  ];
  expect(none.map(chooseModel)).toEqual(none.map(() => null));
});

test("an endpoint's model, and else the one of Workers AI", () => {
  const AI = { run: () => {} } as unknown as NonNullable<ModelSettings["AI"]>;
  expect(chooseModel({ TRIAGE_MODEL: "m", TRIAGE_MODEL_URL: url, AI })).toMatchObject({
    name: "m",
    model: { provider: "triage.chat", modelId: "m" },
  });
  expect(chooseModel({ TRIAGE_MODEL: "@cf/a/b", AI })).toMatchObject({
    model: { provider: "workersai.chat", modelId: "@cf/a/b" },
  });
});

test("prices are dollars for a million tokens; what is none is not known", () => {
  const pricesOf = (TRIAGE_MODEL_PRICES?: string) =>
    chooseModel({
      TRIAGE_MODEL: "m",
      TRIAGE_MODEL_URL: url,
      ...(TRIAGE_MODEL_PRICES === undefined ? {} : { TRIAGE_MODEL_PRICES }),
    })?.prices;
  expect(pricesOf("0.25, 2")).toEqual({ input: 250_000, output: 2_000_000 });
  expect([pricesOf(), pricesOf(""), pricesOf("1"), pricesOf("1,x"), pricesOf("-1,2")]).toEqual(
    Array(5).fill(null),
  );
});

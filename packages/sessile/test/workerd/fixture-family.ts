import {
  type Actor,
  type ChildReport,
  callable,
  type Json,
  SessileError,
  Session,
  type SessionRecord,
} from "sessile";
import { createD1Record } from "sessile/d1";
import { faultyDatabase } from "./fixture-record.ts";

interface Env {
  readonly ORDERS: DurableObjectNamespace<Orders>;
  readonly SHELVES: DurableObjectNamespace<Shelves>;
  readonly VAULTS: DurableObjectNamespace<Vaults>;
  readonly SESSILE_RECORD: Parameters<typeof createD1Record>[0];
}

type Answer = { readonly value: Json } | { readonly code: string; readonly details: Json };

/** What came of each call, as data. */
async function answersOf(calls: readonly Promise<unknown>[]): Promise<Answer[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((one) => {
    if (one.status === "fulfilled") return { value: (one.value ?? null) as Json };
    const { code, details } = one.reason as SessileError;
    return { code, details: details as Json };
  });
}

type Reports = { readonly "shelf.low": { readonly note: string }; readonly "shelf.closed": null };

/** Sells what lies on shelves, and has children. */
export class Orders extends Session<Env, { readonly heard: readonly string[] }> {
  readonly kind = "orders";
  readonly initialState = { heard: [] };

  readonly take = callable(async (shelf: string, amounts: readonly number[], key?: string) => {
    const stub = this.session(this.env.SHELVES, shelf, key === undefined ? {} : { idempotencyKey: key });
    return answersOf(amounts.map((amount) => stub.call.take(amount)));
  });
  readonly buy = callable(async (shelf: string, amount: number) =>
    this.session(this.env.SHELVES, shelf).call.take(amount),
  );
  readonly misuse = callable(async (shelf: string) => {
    const stub = this.session(this.env.SHELVES, shelf);
    const inCommit: Promise<unknown>[] = [];
    this.commit(() => {
      inCommit.push(stub.call.take(1), stub.view());
    });
    return answersOf([
      ...inCommit,
      // @ts-expect-error SS1: arguments are those of the class's method.
      stub.call.take(new Date()),
      stub.setState({ left: 9 }),
      stub.append("shelf.low", { note: "by hand" }),
      // @ts-expect-error SS1: only marked methods are there.
      stub.call.authorize(null),
      // @ts-expect-error SS1: payloads are those of the event's type.
      stub.append("shelf.closed", { note: 1 }),
      // @ts-expect-error SS1: the state is the class's.
      stub.setState({ right: 9 }),
    ]);
  });
  readonly look = callable(async (shelf: string) => this.session(this.env.SHELVES, shelf).state());
  readonly hire = callable(async (shelf: string) =>
    answersOf([this.child(this.env.SHELVES, shelf).call.restock(5)]),
  );
  readonly fire = callable(async (shelf: string) => this.child(this.env.SHELVES, shelf).delete());
  readonly store = callable(async (vault: string, note: string) => {
    const stub = this.child(this.env.VAULTS, vault);
    return answersOf([stub.call.tell(note)]);
  });
  readonly peek = callable(async (vault: string) =>
    answersOf([this.session(this.env.VAULTS, vault).state()]),
  );
  readonly listed = callable(() => this.children().map(({ kind, name }) => `${kind}/${name}`));

  override async onRequest(request: Request): Promise<Response> {
    const [, shelf = "", amount] = new URL(request.url).pathname.split("/");
    return Response.json(await this.buy(shelf, Number(amount)));
  }
  override onReport(report: ChildReport<Reports>): void {
    const { child, type } = report;
    if (report.type === "shelf.low" && report.payload.note === "nonsense")
      throw new SessileError("rejected", "This makes no sense.");
    const note = report.type === "shelf.low" ? report.payload.note : "-";
    this.setState({ heard: [...this.state.heard, `${child.kind}/${child.name} ${type} ${note}`] });
  }
}

/** Holds a few things, tells whoever made it when they get fewer. */
export class Shelves extends Session<Env, { readonly left: number }, Reports> {
  readonly kind = "shelves";
  readonly initialState = { left: 5 };

  override onCreate(): void {
    if (this.parent) this.reportToParent("shelf.low", { note: "new" });
  }
  override authorize(actor: Actor | null): boolean {
    return actor?.id !== "session:orders/banned";
  }
  readonly take = callable((amount: number) => {
    const { left } = this.state;
    if (amount > left)
      throw new SessileError("conflict", `There are only ${left} left.`, {
        field: "amount",
        current: String(left),
      });
    this.setState({ left: left - amount });
    return left - amount;
  });
  readonly restock = callable((left: number) => {
    this.setState({ left });
    return left;
  });
  readonly tell = callable((notes: readonly string[], isLast: boolean) => {
    for (const note of notes) this.reportToParent("shelf.low", { note });
    if (!isLast) return;
    this.reportToParent("shelf.closed", null);
    this.setLifecycle("terminated");
  });
  readonly commits = callable(
    () => this.sql<{ n: number }>`SELECT count(*) AS n FROM _sessile_log`[0]?.n ?? 0,
  );
}

/** Belongs to whoever makes it, and says nothing that is not recorded. */
export class Vaults extends Session<Env, { readonly kept: number }, Reports> {
  readonly kind = "vaults";
  readonly initialState = { kept: 0 };
  override readonly access = "owned";
  override readonly durability = "ledger";
  override recordOf(env: Env): SessionRecord {
    return createD1Record(faultyDatabase(env.SESSILE_RECORD));
  }
  readonly tell = callable((note: string) => this.reportToParent("shelf.low", { note }));
  readonly ask = callable((gateId: string) => this.openGate({ gateId, title: "Open it?" }));
  readonly decide = callable((gateId: string) => this.answerGate(gateId, "approve"));
}

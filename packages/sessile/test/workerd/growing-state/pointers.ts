import { callable, Session } from "sessile";

interface Env {
  readonly REPORTS: {
    put(key: string, text: string): Promise<unknown>;
    get(key: string): Promise<{ text(): Promise<string> } | null>;
  };
}

type DeskState = {
  readonly reports: { readonly [id: string]: { readonly key: string; readonly chars: number } };
};

/** The texts lie in R2; the state says where, and only after they are there. */
export class Desk extends Session<Env, DeskState> {
  readonly kind = "desk";
  readonly initialState: DeskState = { reports: {} };

  readonly file = callable(async (id: string, text: string) => {
    const key = `${this.name}/${id}`;
    await this.env.REPORTS.put(key, text);
    this.setState({ reports: { ...this.state.reports, [id]: { key, chars: text.length } } });
  });

  readonly read = callable(async (id: string) => {
    const report = this.state.reports[id];
    const stored = report && (await this.env.REPORTS.get(report.key));
    return stored ? stored.text() : null;
  });
}

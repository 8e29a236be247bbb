// Bundled into the page that the browser tests open: one component that uses the stock hook, in either version.
import { useAgent as newest } from "agents/react";
import { useAgent as oldest } from "agents-0-21/react";
import { createElement, Suspense } from "react";
import { createRoot, type Root } from "react-dom/client";

/** What these tests use of the hook; its own types would take longer to check than all of these tests. */
type Hook = (options: object) => {
  readonly state: unknown;
  readonly name: string;
  readonly agent: string;
  readonly identified: boolean;
  readonly connectionError: { readonly code: number } | null;
  setState(state: unknown): void;
  call(method: string, args?: readonly unknown[]): Promise<unknown>;
};

const hooks: { readonly [version: string]: Hook } = {
  "0.21.0": oldest as unknown as Hook,
  "0.32.0": newest as unknown as Hook,
};

export interface ProbeOptions {
  readonly agent: string;
  readonly name?: string;
  readonly basePath?: string;
  /** Becomes an asynchronous query, as one that fetches a token is. */
  readonly user?: string;
}

export interface AgentsPage {
  show(id: string, version: string, options: ProbeOptions): void;
  hide(id: string): void;
  agents: { readonly [id: string]: ReturnType<Hook> };
  notes: { readonly [id: string]: readonly string[] };
}

const roots = new Map<string, Root>();
const agents: Record<string, ReturnType<Hook>> = {};
const notes: Record<string, string[]> = {};

function Probe({ id, version, options }: { id: string; version: string; options: ProbeOptions }) {
  const { user, ...address } = options;
  const note = (text: string) => {
    notes[id] = [...(notes[id] ?? []), text];
  };
  const agent = (hooks[version] as Hook)({
    ...address,
    ...(user === undefined ? {} : { query: async () => ({ user }), queryDeps: [user] }),
    minReconnectionDelay: 50,
    maxReconnectionDelay: 200,
    onStateUpdate: (state: unknown, source: string) => note(`${source} ${JSON.stringify(state)}`),
    onStateUpdateError: (error: string) => note(`error ${error}`),
  });
  agents[id] = agent;
  const { state = null, name, identified, connectionError } = agent;
  const shown = { agent: agent.agent, name, identified, state, closed: connectionError?.code ?? null };
  return createElement("pre", { id }, JSON.stringify(shown));
}

(globalThis as unknown as { page: AgentsPage }).page = {
  agents,
  notes,
  show(id, version, options) {
    if (!roots.has(id)) roots.set(id, createRoot(document.body.appendChild(document.createElement("div"))));
    roots.get(id)?.render(createElement(Suspense, null, createElement(Probe, { id, version, options })));
  },
  hide(id) {
    roots.get(id)?.unmount();
    roots.delete(id);
  },
};

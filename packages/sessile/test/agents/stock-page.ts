// Bundled into the page that the browser tests open: the stock client's contract, and a component that uses the stock hook.
import { useAgent as newest } from "agents/react";
import { useAgent as oldest } from "agents-0-21/react";
import { createElement, Suspense, useEffect } from "react";
import { createRoot, type Root } from "react-dom/client";
import { clientContract } from "./client-contract.ts";
import { Scene, type ServerControl } from "./client-scene.ts";
import { type StockPackage, stockPackages } from "./stock-clients.ts";

/** What these tests use of the hook; its own types would take longer to check than all of these tests. */
type Hook = (options: object) => {
  readonly state: unknown;
  readonly name: string;
  readonly agent: string;
  readonly identified: boolean;
  readonly ready: Promise<void>;
  readonly connectionError: { readonly code: number } | null;
  setState(state: unknown): void;
  call(method: string, args?: readonly unknown[], options?: object): Promise<unknown>;
  readonly stub: { readonly [method: string]: (...args: readonly unknown[]) => Promise<unknown> };
};

const hooks: { readonly [version: string]: Hook } = {
  "0.21.0": oldest as unknown as Hook,
  "0.32.0": newest as unknown as Hook,
};

export interface ProbeOptions {
  readonly agent: string;
  readonly name?: string;
  readonly basePath?: string;
  readonly query?: object;
  /** Becomes an asynchronous query, as one that fetches a token is. */
  readonly user?: string;
  /** A method that the component calls as soon as it is there. */
  readonly onMount?: string;
}

/** The server, as the page reaches whoever runs it. */
export type AskServer = <Op extends keyof ServerControl>(
  op: Op,
  args: Parameters<ServerControl[Op]>,
) => Promise<void>;

declare const askServer: AskServer;

export interface StockPage {
  /** Runs one case of the client's contract; throws when it is broken. */
  contract(version: string, title: string): Promise<void>;
  show(id: string, version: string, options: ProbeOptions): void;
  hide(id: string): void;
  hideAll(): void;
  agents: { readonly [id: string]: ReturnType<Hook> };
  notes: { readonly [id: string]: readonly string[] };
}

const roots = new Map<string, Root>();
const agents: Record<string, ReturnType<Hook>> = {};
const notes: Record<string, string[]> = {};

async function contract(version: string, title: string): Promise<void> {
  const scene = new Scene(
    stockPackages.find((one) => one.version === version) as StockPackage,
    location.host,
    {
      down: () => askServer("down", []),
      up: () => askServer("up", []),
      evict: (...session) => askServer("evict", session),
    },
  );
  try {
    await clientContract.find((one) => one.title === title)?.run(scene);
  } finally {
    scene.close();
  }
}

function Probe({ id, version, options }: { id: string; version: string; options: ProbeOptions }) {
  const { user, onMount, ...address } = options;
  const note = (text: string) => {
    notes[id] = [...(notes[id] ?? []), text];
  };
  const askForQuery = async () => {
    note("asks for the query");
    return { user };
  };
  const agent = (hooks[version] as Hook)({
    ...address,
    ...(user === undefined ? {} : { query: askForQuery, queryDeps: [user] }),
    minReconnectionDelay: 50,
    maxReconnectionDelay: 200,
    onIdentity: (name: string, agent: string) => note(`identity ${agent}/${name}`),
    onStateUpdate: (state: unknown, source: string) => note(`${source} ${JSON.stringify(state)}`),
    onStateUpdateError: (error: string) => note(`error ${error}`),
  });
  agents[id] = agent;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, with the first agent there is
  useEffect(() => {
    if (onMount !== undefined) void agent.call(onMount, [1]).then((answer) => note(`answer ${answer}`));
  }, []);
  const { state = null, name, identified, connectionError } = agent;
  const shown = { agent: agent.agent, name, identified, state, closed: connectionError?.code ?? null };
  return createElement("pre", { id }, JSON.stringify(shown));
}

function hide(id: string): void {
  roots.get(id)?.unmount();
  roots.delete(id);
  delete notes[id];
}

(globalThis as unknown as { page: StockPage }).page = {
  agents,
  notes,
  contract,
  show(id, version, options) {
    if (!roots.has(id)) roots.set(id, createRoot(document.body.appendChild(document.createElement("div"))));
    roots.get(id)?.render(createElement(Suspense, null, createElement(Probe, { id, version, options })));
  },
  hide,
  hideAll() {
    for (const id of [...roots.keys()]) hide(id);
  },
};

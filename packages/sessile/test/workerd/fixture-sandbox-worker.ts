// The Worker of the sandbox tests: it runs what is posted.
import {
  codeTool,
  type Sandbox,
  type SandboxLimits,
  type SandboxRequest,
  workerSandbox,
} from "sessile/agent";

interface Env {
  readonly SANDBOX: Parameters<typeof workerSandbox>[0];
  readonly SECRET: string;
}

interface Posted extends SandboxRequest {
  readonly limits?: SandboxLimits;
  /** Whose the sandbox is. Default: a new one's. */
  readonly owner?: string;
  /** Gives up after so long. */
  readonly patienceMs?: number;
}

const owned = new Map<string | undefined, Sandbox>();

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { limits, owner, patienceMs, ...posted } = (await request.json()) as Posted;
    const asked = patienceMs === undefined ? posted : { ...posted, signal: AbortSignal.timeout(patienceMs) };
    const sandbox = owned.get(owner) ?? workerSandbox(env.SANDBOX, limits);
    if (owner !== undefined) owned.set(owner, sandbox);
    if (new URL(request.url).pathname !== "/tool") return Response.json(await sandbox.run(asked));
    const { execute } = codeTool({ sandbox, input: () => ({ n: 20 }) });
    return Response.json(
      await execute?.({ code: asked.code }, { toolCallId: "1", messages: [], context: {} }),
    );
  },
};

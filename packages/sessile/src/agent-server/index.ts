export { AgentExecutor, type ExecuteOptions } from "./agent-executor.ts";
export { AgentHandle } from "./agent-handle.ts";
export type { AgentRuntime, CallAnswer, OpenRuntime, RunStreams, StartRequest } from "./agent-runtime.ts";
export { type AgentQuestion, AgentServer, type AgentServerOptions } from "./agent-server.ts";
export { AgentWorkflow } from "./agent-workflow.ts";
export type { WorkflowCallGate } from "./call-gates.ts";
export { sessionRuntime } from "./session-runtime.ts";
export type { RunParams, WorkflowRunBindings } from "./workflow-run.ts";
export { workflowRuntime } from "./workflow-runtime.ts";

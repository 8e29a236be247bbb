export { createMcp, type McpOptions, type SessionsApp } from "./create-mcp.ts";

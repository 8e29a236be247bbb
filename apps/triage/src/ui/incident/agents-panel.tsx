import { agentNames } from "../../contract/agents.ts";
import { plural } from "../lib/format-number.ts";
import { Button } from "../parts/button.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { Panel } from "../parts/panel.tsx";
import { useApp } from "../shell/app-context.ts";
import { AgentItem } from "./agent-item.tsx";
import { useIncident } from "./session-context.ts";
import { useIncidentCall } from "./use-incident-call.ts";

/** What a model makes of it: agent by agent, with what each has cost. Not there where no model is asked. */
export function AgentsPanel() {
  const { config } = useApp();
  const { state, status, pendingCalls } = useIncident();
  const call = useIncidentCall();
  const { agents = {} } = state;
  const states = Object.values(agents);
  const answered = states.filter((each) => each.status !== "running").length;
  const isAsked = states.length > 0;
  const isAsking = pendingCalls.some(({ method }) => method === "consultAgents");
  const mayAsk =
    config.model !== null &&
    status === "triaged" &&
    answered === states.length &&
    (!isAsked || states.some((each) => each.status === "failed"));
  if (!isAsked && !mayAsk) return null;
  return (
    <Panel
      id="agents"
      title="Agents"
      note={
        <span aria-live="polite">
          {answered < states.length
            ? `${answered} of ${states.length} have answered`
            : isAsked && plural(states.length, "agent")}
        </span>
      }
      actions={
        mayAsk && (
          <Button
            size="sm"
            icon="refresh"
            disabled={isAsking}
            onClick={() => void call("Asking the agents", "consultAgents")}
          >
            {isAsked ? "Ask again" : "Ask the agents"}
          </Button>
        )
      }
    >
      {!isAsked && (
        <p className="px-4 py-4 text-ink-2 text-sm">
          No model was asked about this incident. Now there is one:{" "}
          <Foreign text={config.model ?? ""} max={80} />.
        </p>
      )}
      <ul>
        {agentNames.map((name) => {
          const each = agents[name];
          return each && <AgentItem key={name} name={name} state={each} />;
        })}
      </ul>
    </Panel>
  );
}

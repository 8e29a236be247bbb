import { agentNames } from "../../contract/agents.ts";
import { plural } from "../lib/format-number.ts";
import { Button } from "../parts/button.tsx";
import { Panel } from "../parts/panel.tsx";
import { AgentItem } from "./agent-item.tsx";
import { useIncident } from "./session-context.ts";
import { useCommand } from "./use-commands.ts";

/** What a model makes of it: agent by agent, with what each has cost. Not there where no model is asked. */
export function AgentsPanel() {
  const { session, state, status, pendingCalls } = useIncident();
  const command = useCommand();
  const { agents } = state;
  if (!agents) return null;
  const names = agentNames.filter((name) => agents[name]);
  const states = Object.values(agents);
  const ended = states.flatMap((each) => (each.status === "running" ? [] : each));
  const isAsking = pendingCalls.some(({ method }) => method === "consultAgents");
  const mayAsk =
    status === "triaged" && ended.length === states.length && ended.some((each) => each.status === "failed");
  return (
    <Panel
      id="agents"
      title="Agents"
      note={
        <span aria-live="polite">
          {ended.length < states.length
            ? `${ended.length} of ${states.length} have answered`
            : plural(states.length, "agent")}
        </span>
      }
      actions={
        mayAsk && (
          <Button
            size="sm"
            icon="refresh"
            disabled={isAsking}
            onClick={() => void command("Asking again", () => session.call.consultAgents())}
          >
            Ask again
          </Button>
        )
      }
    >
      <ul>
        {names.map((name) => {
          const each = agents[name];
          return each && <AgentItem key={name} name={name} state={each} />;
        })}
      </ul>
    </Panel>
  );
}

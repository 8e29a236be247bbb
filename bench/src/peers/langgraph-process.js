// A graph of a model and its tools with LangGraph's SQLite checkpointer, in a process of its own: installed beside, and run by whatever
// Node it was installed with, for its database is compiled for that.
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const [file, ...lengths] = process.argv.slice(2);

function graphOf(steps) {
  const ask = ({ messages }) => {
    const turn = (messages.length - 1) / 2 + 1;
    if (turn >= steps) return { messages: [new AIMessage("Done.")] };
    const call = { id: `call_${turn}`, name: "look", args: { n: turn }, type: "tool_call" };
    return { messages: [new AIMessage({ content: "", tool_calls: [call] })] };
  };
  const call = ({ messages }) => {
    const [{ id, args }] = messages.at(-1).tool_calls;
    return { messages: [new ToolMessage({ tool_call_id: id, name: "look", content: JSON.stringify(args) })] };
  };
  return new StateGraph(MessagesAnnotation)
    .addNode("ask", ask)
    .addNode("call", call)
    .addEdge(START, "ask")
    .addConditionalEdges("ask", ({ messages }) => (messages.at(-1).tool_calls?.length ? "call" : END))
    .addEdge("call", "ask")
    .compile({ checkpointer: SqliteSaver.fromConnString(file) });
}

const times = {};
for (const [index, length] of lengths.entries()) {
  const steps = Number(length);
  const startedAt = performance.now();
  const { messages } = await graphOf(steps).invoke(
    { messages: [new HumanMessage("Go.")] },
    { configurable: { thread_id: String(index) }, recursionLimit: 2 * steps + 10, durability: "sync" },
  );
  if (messages.at(-1).content !== "Done.") throw new Error("The graph did not come to its end.");
  times[index] = (performance.now() - startedAt) / steps;
}
process.stdout.write(JSON.stringify(Object.values(times)));

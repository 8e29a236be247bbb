// An app of the Agents SDK as it was, but for its first lines.
import { Agent } from "sessile";

type Message = { role: "user" | "assistant"; text: string; at: number };
type State = { messages: Message[]; topic: string };

export default class ChatAgent extends Agent<unknown, State> {
  override initialState: State = {
    messages: [],
    topic: "general",
  };

  override async onStart(): Promise<void> {
    this.sql`CREATE TABLE IF NOT EXISTS archive (at INTEGER PRIMARY KEY, text TEXT)`;
  }

  override async onRequest(request: Request): Promise<Response> {
    if (request.method === "POST") {
      await this.append({ role: "user", text: await request.text(), at: this.state.messages.length });
    }
    return Response.json({
      topic: this.state.topic,
      count: this.state.messages.length,
      recent: this.state.messages.slice(-5),
      archived: this.sql`SELECT text FROM archive ORDER BY at`.map(({ text }) => text),
    });
  }

  async append(msg: Message) {
    this.sql`INSERT INTO archive (at, text) VALUES (${msg.at}, ${msg.text})`;
    this.setState({
      ...this.state,
      messages: [...this.state.messages, msg],
    });
  }
}

import { callable, type Migration, Session } from "sessile";

type Message = { readonly id: number; readonly text: string };
type RoomState = { readonly total: number; readonly latest: readonly Message[] };

const shown = 50;
const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "messages",
    up: (sql) => void sql.exec("CREATE TABLE message (id INTEGER PRIMARY KEY, text TEXT NOT NULL)"),
  },
];

/** What everybody sees live is in the state; what somebody may scroll back to is in a table. */
export class Room extends Session<unknown, RoomState> {
  readonly kind = "room";
  readonly initialState: RoomState = { total: 0, latest: [] };
  override readonly migrations = migrations;

  readonly say = callable((text: string) => {
    const id = this.state.total + 1;
    this.sql`INSERT INTO message VALUES (${id}, ${text})`;
    this.setState({ total: id, latest: [...this.state.latest, { id, text }].slice(-shown) });
  });

  readonly before = callable((id: number) =>
    this.sql<Message>`SELECT id, text FROM message WHERE id < ${id} ORDER BY id DESC LIMIT ${shown}`.slice(),
  );
}

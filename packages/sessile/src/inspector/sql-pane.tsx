import { useId, useState } from "react";
import type { Json } from "../protocol/index.ts";
import { maxCountedRows } from "../protocol/inspection.ts";
import { ask, type InspectedAddress } from "./address.ts";
import { Loaded, type ShownInspection } from "./panes.tsx";
import { usePolled } from "./use-polled.ts";
import { bytesText, shortText } from "./value-text.ts";

interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Json[])[];
  readonly isCut: boolean;
}

/** The session's tables, and statements that read them. */
export function SqlPane({ address }: { readonly address: InspectedAddress }) {
  const polled = usePolled<ShownInspection>(address, "/inspect?tables=1");
  const field = useId();
  const [sql, setSql] = useState("SELECT * FROM _sessile_timer ORDER BY due_at");
  const [answer, setAnswer] = useState<Answer | string | null>(null);
  const run = (statement: string) => {
    setSql(statement);
    ask<Answer>(address, "/inspect/sql", { sql: statement }).then(setAnswer, (thrown: unknown) =>
      setAnswer((thrown as Error).message),
    );
  };
  return (
    <>
      <Loaded polled={polled}>{(inspection) => <Tables inspection={inspection} onChoose={run} />}</Loaded>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          run(sql);
        }}
      >
        <label htmlFor={field}>SQL, read-only</label>
        <textarea
          id={field}
          rows={3}
          spellCheck={false}
          value={sql}
          onChange={(event) => setSql(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run(sql);
          }}
        />
        <button type="submit">
          Run <kbd>Ctrl+Enter</kbd>
        </button>
      </form>
      {typeof answer === "string" && <p role="alert">{answer}</p>}
      {answer !== null && typeof answer === "object" && <AnswerTable answer={answer} />}
    </>
  );
}

interface TablesProps {
  readonly inspection: ShownInspection;
  readonly onChoose: (statement: string) => void;
}

function Tables({ inspection: { tables = [], databaseBytes }, onChoose }: TablesProps) {
  return (
    <>
      <h2>Tables {databaseBytes !== null && <small>{bytesText(databaseBytes)}</small>}</h2>
      <ul className="tables">
        {tables.map(({ name, rows }) => (
          <li key={name}>
            <button
              type="button"
              onClick={() => onChoose(`SELECT * FROM "${name.replaceAll('"', '""')}" LIMIT 100`)}
            >
              {name} <small>{rows >= maxCountedRows ? `${rows}+` : rows}</small>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function AnswerTable({ answer: { columns, rows, isCut } }: { readonly answer: Answer }) {
  return (
    <table className="answer">
      <caption>
        {rows.length} rows{isCut && ", cut: there is more"}
      </caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an answer does not change, and its rows may be alike
          <tr key={index}>
            {row.map((value, at) => (
              <td key={columns[at]}>{typeof value === "string" ? value : shortText(value)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

import type { Json } from "../protocol/index.ts";
import type { InspectedAddress } from "./address.ts";
import { Loaded } from "./panes.tsx";
import { Table } from "./table.tsx";
import { usePolled } from "./use-polled.ts";
import { clockText, longText } from "./value-text.ts";

interface ShownEntry {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly level: string;
  readonly tag: string;
  readonly message: string;
  readonly attrs: Json;
}

/** What operators are told: failures of the kind's own code and of whatever it asks. */
export function LogPane({ address }: { readonly address: InspectedAddress }) {
  const polled = usePolled<{ readonly items: readonly ShownEntry[] }>(address, "/log?limit=100");
  return (
    <Loaded polled={polled}>
      {({ items }) => (
        <Table
          caption="Operator log, newest first"
          items={items}
          keyOf={({ id }) => String(id)}
          columns={[
            ["At", ({ at }) => clockText(at)],
            ["Level", ({ level }) => level],
            ["Tag", ({ tag }) => tag],
            ["Message", ({ message }) => message],
            ["Details", ({ attrs }) => attrs !== null && <pre>{detailsText(attrs)}</pre>],
          ]}
        />
      )}
    </Loaded>
  );
}

/** A stack is read line by line, and says what `detail` says. */
function detailsText(attrs: Json): string {
  const stack = typeof attrs === "object" && attrs !== null && "stack" in attrs ? attrs.stack : null;
  return typeof stack === "string" ? stack : longText(attrs);
}

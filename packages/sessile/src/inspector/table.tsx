import type { ReactNode } from "react";

interface TableProps<Item> {
  readonly caption: string;
  readonly items: readonly Item[];
  readonly keyOf: (item: Item, index: number) => string | number;
  readonly columns: readonly (readonly [heading: string, cellOf: (item: Item) => ReactNode])[];
}

export function Table<Item>({ caption, items, keyOf, columns }: TableProps<Item>) {
  return (
    <table>
      <caption>
        {caption} <small>{items.length}</small>
      </caption>
      {items.length > 0 && (
        <thead>
          <tr>
            {columns.map(([heading]) => (
              <th key={heading} scope="col">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
      )}
      <tbody>
        {items.map((item, index) => (
          <tr key={keyOf(item, index)}>
            {columns.map(([heading, cellOf]) => (
              <td key={heading}>{cellOf(item)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export interface DiffLine {
  readonly side: "both" | "theirs" | "mine";
  readonly text: string;
}

/** Past it the comparison would be slower than reading; the texts are then shown whole. */
const maxLines = 400;

/** Lines of two texts in one order: the longest common part kept, the rest marked with its side. */
export function lineDiff(theirs: string, mine: string): readonly DiffLine[] {
  const a = theirs.split("\n");
  const b = mine.split("\n");
  if (a.length > maxLines || b.length > maxLines) {
    return [
      ...a.map((text) => ({ side: "theirs" as const, text })),
      ...b.map((text) => ({ side: "mine" as const, text })),
    ];
  }
  const lengths = commonLengths(a, b);
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    if (left !== undefined && left === right) {
      lines.push({ side: "both", text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ side: "theirs", text: left });
      i += 1;
    } else if (right !== undefined) {
      lines.push({ side: "mine", text: right });
      j += 1;
    }
  }
  return lines;
}

/** Length of the longest common part of the lines from `i` and from `j` on. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly (readonly number[])[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--) {
    const row = lengths[i] ?? [];
    const below = lengths[i + 1] ?? [];
    for (let j = b.length - 1; j >= 0; j--) {
      row[j] = a[i] === b[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return lengths;
}

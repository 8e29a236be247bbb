import { useEffect, useMemo, useRef, useState } from "react";
import { cx } from "../lib/class-names.ts";
import { formatCount } from "../lib/format-number.ts";
import { visibleText } from "../lib/visible-text.ts";
import { citedPaths, type JsonLine, jsonLines } from "./json-lines.ts";
import type { RecordRef } from "./record-context.ts";

const colours = { string: "text-ink", number: "text-accent", word: "text-high", bracket: "text-ink-3" };
const maxChars = 4_000;

interface RawJsonProps {
  readonly value: unknown;
  readonly cited: RecordRef;
}

/** A record as text, line by line, with what is cited marked and scrolled to. */
export function RawJson({ value, cited }: RawJsonProps) {
  const { lines, isCut } = useMemo(() => jsonLines(value), [value]);
  const marked = useMemo(
    () => citedPaths(lines, cited.field, cited.excerpt),
    [lines, cited.field, cited.excerpt],
  );
  const firstMarked = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another mark is scrolled to
  useEffect(() => firstMarked.current?.scrollIntoView({ block: "center" }), [marked]);
  const firstIndex = lines.findIndex(({ path, kind }) => kind !== "bracket" && marked.has(path));

  return (
    <div className="overflow-x-hidden py-2 font-mono text-xs leading-5">
      {lines.map((line, index) => {
        const isMarked = line.kind !== "bracket" && marked.has(line.path);
        return (
          <div
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one record never move
            key={index}
            ref={index === firstIndex ? firstMarked : undefined}
            data-cited={isMarked || undefined}
            className={cx("pr-4 -indent-4", isMarked && "bg-mark")}
            style={{ paddingLeft: `${line.depth * 1.1 + 2}rem` }}
          >
            <Line line={line} />
          </div>
        );
      })}
      {isCut && (
        <p className="px-4 py-2 text-ink-3">
          Cut after {formatCount(lines.length)} lines. Copy gives the whole record.
        </p>
      )}
    </div>
  );
}

function Line({ line }: { readonly line: JsonLine }) {
  const [isWhole, setWhole] = useState(false);
  const { key, text, kind } = line;
  const isLong = text.length > maxChars && !isWhole;
  return (
    <>
      {key !== null && (
        <>
          <bdi className="foreign text-ink-3">{visibleText(key)}</bdi>
          <span className="text-ink-3">: </span>
        </>
      )}
      <bdi className={cx("foreign whitespace-pre-wrap", colours[kind])}>
        {visibleText(isLong ? text.slice(0, maxChars) : text)}
      </bdi>
      {isLong && (
        <button type="button" onClick={() => setWhole(true)} className="ml-1 text-accent underline">
          show {formatCount(text.length - maxChars)} more characters
        </button>
      )}
    </>
  );
}

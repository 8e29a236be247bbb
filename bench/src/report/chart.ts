export interface Bar {
  readonly label: string;
  readonly value: number;
}

export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
}

/** Told apart by most colour-blind people too (Okabe and Ito, 2008). */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
const width = 720;
const left = 150;
const right = 24;

/** One bar for each subject, in the order given; the length is the value. */
export function barChart(title: string, unit: string, bars: readonly Bar[]): string {
  const rowHeight = 30;
  const top = 48;
  const longest = Math.max(...bars.map(({ value }) => value));
  const room = width - left - 110;
  const rows = bars.map(({ label, value }, index) => {
    const y = top + index * rowHeight;
    const length = Math.max(1, (value / longest) * room);
    return [
      text(left - 10, y + 15, label, "end"),
      `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="20" rx="2" fill="${colourAt(index)}"/>`,
      text(left + length + 8, y + 15, `${shortNumber(value)} ${unit}`, "start"),
    ].join("");
  });
  return svg(top + bars.length * rowHeight + 8, title, rows.join("\n"));
}

/** Both axes are logarithmic, so that a curve that does not bend is one that scales. */
export function lineChart({ title, x, y, lines }: LineChart): string {
  const top = 64;
  const height = 356;
  const bottom = height - 48;
  const points = lines.flatMap((line) => line.points);
  const across = logScale(
    points.map(([at]) => at),
    left - 70,
    width - right - 110,
  );
  const up = logScale(
    points.map(([, value]) => value),
    bottom,
    top,
  );
  const grid = [
    ...across.ticks.map(
      (tick) =>
        rule(across.at(tick), top, across.at(tick), bottom) +
        text(across.at(tick), bottom + 18, shortNumber(tick), "middle"),
    ),
    ...up.ticks.map(
      (tick) =>
        rule(across.from, up.at(tick), across.to, up.at(tick)) +
        text(across.from - 8, up.at(tick) + 4, shortNumber(tick), "end"),
    ),
    text((across.from + across.to) / 2, height - 8, x, "middle"),
    text(across.from, top - 10, y, "start"),
  ];
  const drawn = lines.map((line, index) => drawLine(line, colourAt(index), across.at, up.at));
  return svg(height, title, [...grid, ...drawn].join("\n"));
}

function drawLine(
  { label, points }: Line,
  colour: string,
  across: (value: number) => number,
  up: (value: number) => number,
): string {
  const places = points.map(([x, y]) => [across(x).toFixed(1), up(y).toFixed(1)] as const);
  const [lastX = "0", lastY = "0"] = places.at(-1) ?? [];
  return [
    `<polyline points="${places.map((place) => place.join(",")).join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...places.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3.5" fill="${colour}"/>`),
    text(Number(lastX) + 10, Number(lastY) + 4, label, "start"),
  ].join("");
}

interface Scale {
  readonly from: number;
  readonly to: number;
  /** Whole powers of ten. */
  readonly ticks: readonly number[];
  readonly at: (value: number) => number;
}

function logScale(values: readonly number[], from: number, to: number): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
  const at = (value: number) => from + ((Math.log10(value) - low) / (high - low)) * (to - from);
  return { from, to, ticks: Array.from({ length: high - low + 1 }, (_, step) => 10 ** (low + step)), at };
}

function colourAt(index: number): string {
  return colours[index % colours.length] as string;
}

/** @param anchor which end of the text lies at `x` */
function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end"): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function rule(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}"/>`;
}

/** A picture on its own, readable on light pages and on dark ones. */
function svg(height: number, title: string, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<style>text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}line{stroke:#8c959f;stroke-opacity:.4}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>
<text class="title" x="12" y="22">${escaped(title)}</text>
${body}
</svg>
`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function shortNumber(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))} k`;
  return String(Number(value.toPrecision(3)));
}

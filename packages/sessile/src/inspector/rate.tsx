import { useEffect, useState } from "react";

const seconds = 60;
const height = 20;

/** Events of the last minute, a bar for each second. */
export function Rate({ times }: { readonly times: readonly string[] }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const bars = new Array<number>(seconds).fill(0);
  let count = 0;
  for (let index = times.length - 1; index >= 0; index--) {
    const age = Math.floor((now - Date.parse(times[index] ?? "")) / 1000);
    if (age >= seconds) break;
    const bar = seconds - 1 - Math.max(0, age);
    bars[bar] = (bars[bar] ?? 0) + 1;
    count += 1;
  }
  const highest = Math.max(1, ...bars);
  return (
    <figure className="rate">
      <svg
        viewBox={`0 0 ${seconds * 2} ${height}`}
        role="img"
        aria-label={`${count} events in the last minute`}
      >
        {bars.map((bar, index) => {
          const tall = (bar / highest) * height;
          // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place
          return <rect key={index} x={index * 2} y={height - tall} width={1.5} height={tall} />;
        })}
      </svg>
      <figcaption>{count}/min</figcaption>
    </figure>
  );
}

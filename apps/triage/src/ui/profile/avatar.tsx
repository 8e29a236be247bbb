import { cx } from "../lib/class-names.ts";

const hues = [12, 45, 95, 150, 190, 225, 265, 310];

/** Initials on a colour that stays with the name. */
export function Avatar({ name, size = "md" }: { readonly name: string; readonly size?: "sm" | "md" }) {
  let hash = 2_166_136_261;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  // The low bits of neighbouring names are alike; the high ones are not.
  const hue = hues[(hash >>> 24) % hues.length] ?? 0;
  return (
    <span
      aria-hidden="true"
      style={{
        background: `light-dark(oklch(0.9 0.05 ${hue}), oklch(0.38 0.06 ${hue}))`,
        color: `light-dark(oklch(0.36 0.09 ${hue}), oklch(0.93 0.04 ${hue}))`,
      }}
      className={cx(
        "inline-flex shrink-0 select-none items-center justify-center rounded-full font-semibold",
        size === "sm" ? "size-5 text-[0.5625rem]" : "size-7 text-2xs",
      )}
    >
      {initials(name)}
    </span>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = Array.from(words[0] ?? "")[0] ?? "?";
  const last = words.length > 1 ? (Array.from(words.at(-1) ?? "")[0] ?? "") : "";
  return (first + last).toUpperCase();
}

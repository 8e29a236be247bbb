import type { ReactNode } from "react";

const shapes = {
  search: (
    <>
      <circle cx="7" cy="7" r="4.25" />
      <path d="m10.3 10.3 3.2 3.2" />
    </>
  ),
  filter: <path d="M2.5 4.5h11M4.5 8h7M6.5 11.5h3" />,
  upload: <path d="M8 10.5v-7M5 6l3-3 3 3M3 10.5v2.25h10V10.5" />,
  help: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M6.4 6.4c.1-1 .8-1.6 1.7-1.6 1 0 1.6.6 1.6 1.4 0 1.2-1.7 1.2-1.7 2.5M8 11.2v.1" />
    </>
  ),
  sun: (
    <>
      <circle cx="8" cy="8" r="2.75" />
      <path d="M8 1.75v1.5M8 12.75v1.5M1.75 8h1.5M12.75 8h1.5M3.6 3.6l1 1M11.4 11.4l1 1M12.4 3.6l-1 1M4.6 11.4l-1 1" />
    </>
  ),
  moon: <path d="M13 9.6A5.5 5.5 0 0 1 6.4 3 5.5 5.5 0 1 0 13 9.6Z" />,
  screen: <path d="M2.5 3.5h11v7h-11zM6 13h4M8 10.5V13" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
  check: <path d="m3.5 8.5 3 3 6-7" />,
  chevronDown: <path d="m4.5 6.5 3.5 3.5 3.5-3.5" />,
  chevronRight: <path d="m6.5 4.5 3.5 3.5-3.5 3.5" />,
  chevronLeft: <path d="M9.5 4.5 6 8l3.5 3.5" />,
  copy: <path d="M5.5 5.5h7v7h-7zM3.5 10.5v-7h7" />,
  alert: <path d="M8 2.75 14 13H2L8 2.75ZM8 6.75v2.75M8 11.2v.1" />,
  info: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 7.5v3.25M8 5.2v.1" />
    </>
  ),
  user: (
    <>
      <circle cx="8" cy="5.5" r="2.5" />
      <path d="M3.25 13c.5-2.5 2.4-3.5 4.75-3.5s4.25 1 4.75 3.5" />
    </>
  ),
  inbox: <path d="M2.5 9 4.25 3.5h7.5L13.5 9v3.5h-11zM2.5 9h3.25l.75 1.5h3l.75-1.5h3.25" />,
  note: <path d="M3.5 2.75h9v7.5l-3 3h-6zM9.5 13v-2.75h3" />,
  edit: <path d="m3 13 .6-2.6 6.9-6.9 2 2-6.9 6.9zM9.3 4.7l2 2" />,
  play: <path d="M5 3.5v9l7.5-4.5z" />,
  refresh: <path d="M12.5 6.5A5 5 0 1 0 13 8.5M12.8 3.5v3h-3" />,
  link: (
    <path d="M6.75 9.25 9.25 6.75M7 4.5l1.25-1.25a3.2 3.2 0 0 1 4.5 4.5L11.5 9M9 11.5l-1.25 1.25a3.2 3.2 0 0 1-4.5-4.5L4.5 7" />
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 5v3.25l2 1.25" />
    </>
  ),
  undo: <path d="M3 6.5h6.5a3 3 0 0 1 0 6H6M5.5 4 3 6.5 5.5 9" />,
  more: <path d="M3.5 8h.1M8 8h.1M12.5 8h.1" strokeWidth="2" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof shapes;

/** Decoration: the words beside it, or the button's label, say what it means. */
export function Icon({
  name,
  className = "size-4",
}: {
  readonly name: IconName;
  readonly className?: string;
}) {
  return (
    <svg
      viewBox="0 0 16 16"
      aria-hidden="true"
      className={`shrink-0 ${className}`}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {shapes[name]}
    </svg>
  );
}

export const tabs = ["Event", "State", "Sockets", "Timers", "Streams", "Gates", "Log", "SQL"] as const;
export type Tab = (typeof tabs)[number];

interface TabsProps {
  readonly counts: Partial<Record<Tab, number>>;
  readonly selected: Tab;
  readonly onSelect: (tab: Tab) => void;
}

/** Arrow keys go from tab to tab, as ARIA has it. */
export function Tabs({ counts, selected, onSelect }: TabsProps) {
  const step = (by: number) => {
    const next = tabs[(tabs.indexOf(selected) + by + tabs.length) % tabs.length] ?? selected;
    onSelect(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div role="tablist" aria-label="What to look at">
      {tabs.map((tab) => (
        <button
          key={tab}
          type="button"
          role="tab"
          id={`tab-${tab}`}
          aria-selected={tab === selected}
          aria-controls="panel"
          tabIndex={tab === selected ? 0 : -1}
          onClick={() => onSelect(tab)}
          onKeyDown={({ key }) => {
            if (key === "ArrowRight") step(1);
            if (key === "ArrowLeft") step(-1);
          }}
        >
          {tab}
          {counts[tab] ? <small> {counts[tab]}</small> : null}
        </button>
      ))}
    </div>
  );
}

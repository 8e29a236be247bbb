export interface ShortcutHelp {
  readonly keys: readonly string[];
  readonly does: string;
}

/** What the help dialog shows. */
export const shortcutGroups: readonly {
  readonly title: string;
  readonly items: readonly ShortcutHelp[];
}[] = [
  {
    title: "Anywhere",
    items: [
      { keys: ["?"], does: "Show this help" },
      { keys: ["g", "q"], does: "Go to the queue" },
      { keys: ["g", "i"], does: "Go to the inbox" },
      { keys: ["u"], does: "Take in alert files" },
      { keys: ["t"], does: "Switch between light and dark" },
      { keys: ["Esc"], does: "Close what is open, or leave the field" },
    ],
  },
  {
    title: "Queue",
    items: [
      { keys: ["j", "k"], does: "Next, previous incident (or arrow keys)" },
      { keys: ["Enter"], does: "Open the incident" },
      { keys: ["/"], does: "Search" },
      { keys: ["f"], does: "Filter" },
      { keys: ["x"], does: "Clear search and filters" },
      { keys: ["r"], does: "Refresh, showing what is new" },
    ],
  },
  {
    title: "Inbox",
    items: [
      { keys: ["j", "k"], does: "Next, previous decision (or arrow keys)" },
      { keys: ["a", "r"], does: "Approve, reject the focused one" },
      { keys: ["Enter"], does: "Open its incident" },
    ],
  },
  {
    title: "Incident",
    items: [
      { keys: ["1", "2", "3"], does: "Overview, evidence, timeline" },
      { keys: ["s"], does: "Start the investigation" },
      { keys: ["j", "k"], does: "Next, previous action or record" },
      { keys: ["a", "r"], does: "Approve, reject the focused action" },
      { keys: ["c"], does: "Comment on the focused action; Esc goes back to it" },
      { keys: ["n"], does: "Write a note" },
      { keys: ["d"], does: "Record the decision" },
      { keys: ["w"], does: "Why is this one incident?" },
    ],
  },
];

const labels: Readonly<Record<string, string>> = {
  "command-line": "Command lines",
  identity: "Identity",
  network: "Network",
  activity: "Activity",
  coordinator: "Coordinator",
  synthesiser: "Synthesiser",
  planner: "Response planner",
};

export function analyserLabel(name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? name) : name;
}

const labels: Readonly<Record<string, string>> = {
  "command-line": "Command lines",
  identity: "Identity",
  network: "Network",
  activity: "Activity",
};

export function analyserLabel(name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? name) : name;
}

/** The Durable Object binding of a class: `ChatAgent` is `CHAT_AGENT`, and acronyms stay whole: `SIRTSession` is `SIRT_SESSION`. */
export function bindingOf(className: string): string {
  return className
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toUpperCase();
}

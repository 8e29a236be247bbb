/**
 * What keeps an answer from being taken for something else: its type is not guessed, and what a session says is for who
 * asked, whatever caches lie between. A handler that says so itself is left alone.
 */
export function withSafeHeaders(response: Response, isSession: boolean): Response {
  // The answer to an upgrade cannot be changed.
  if (response.status === 101) return response;
  const lacking: [string, string][] = [];
  if (!response.headers.has("x-content-type-options")) lacking.push(["x-content-type-options", "nosniff"]);
  if (isSession && !response.headers.has("cache-control")) lacking.push(["cache-control", "no-store"]);
  if (lacking.length === 0) return response;
  try {
    for (const [name, value] of lacking) response.headers.set(name, value);
    return response;
  } catch {
    // What comes from an object or another service is immutable.
    const copy = new Response(response.body, response);
    for (const [name, value] of lacking) copy.headers.set(name, value);
    return copy;
  }
}

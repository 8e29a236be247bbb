const basePath = "/v1/stream/";

export const maxStreamNameChars = 512;

/** The name of the standalone stream at a path of this server; null for anything else. Names under `__ds` are the protocol's own. */
export function streamNameAt(path: string): string | null {
  if (!path.startsWith(basePath)) return null;
  try {
    const name = decodeURIComponent(path.slice(basePath.length));
    const isFree = name !== "__ds" && !name.startsWith("__ds/");
    return name.length > 0 && name.length <= maxStreamNameChars && isFree ? name : null;
  } catch {
    return null;
  }
}

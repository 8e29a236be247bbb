import { connect } from "node:net";

const waitMs = 3000;

/** Sends these very bytes and gives the status of the first answer, 0 if there is none: what `fetch` would not send as it is. */
export async function rawStatus(
  url: string,
  request: string,
  isWhole = true,
): Promise<{ readonly status: number; readonly text: string }> {
  const { hostname, port } = new URL(url);
  const text = await new Promise<string>((resolve) => {
    let received = "";
    const socket = connect(Number(port), hostname, () => {
      socket.write(Buffer.from(request, "latin1"));
      if (isWhole) socket.end();
    });
    const timer = setTimeout(() => socket.destroy(), waitMs);
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(received);
    });
  });
  return { status: Number(/^HTTP\/1\.\d (\d{3})/.exec(text)?.[1] ?? 0), text };
}

/** A request by its lines, ended as HTTP/1.1 wants it. */
export function requestText(first: string, headers: readonly string[], body = ""): string {
  const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return `${[first, ...headers, ...length, "Connection: close"].join("\r\n")}\r\n\r\n${body}`;
}

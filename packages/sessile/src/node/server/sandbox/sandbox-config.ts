import type { SandboxOrder } from "../../../protocol/sandbox.ts";

/**
 * workerd's configuration of one throw-away Worker: no bindings, and a network that refuses every address. workerd has no bound on an
 * isolate's heap; V8's flag bounds the process, which ends where it is crossed (1.20261117).
 */
export function sandboxConfig({ compatibilityDate, mainModule, modules, memoryMb }: SandboxOrder): string {
  const names = [mainModule, ...Object.keys(modules).filter((name) => name !== mainModule)];
  const listed = names.map((name) => `(name = ${quoted(name)}, esModule = ${quoted(modules[name] ?? "")})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = [${quoted(`--max-heap-size=${Math.ceil(memoryMb)}`)}],
  services = [
    (name = "main", worker = (
      modules = [${listed.join(", ")}],
      compatibilityDate = ${quoted(compatibilityDate)},
      globalOutbound = "nowhere",
    )),
    (name = "nowhere", network = (allow = [])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
}

/** A text of Cap'n Proto's schema language: what is not plain ASCII is written as the bytes of its UTF-8. */
function quoted(text: string): string {
  let literal = '"';
  for (const byte of new TextEncoder().encode(text)) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    literal += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `${literal}"`;
}

/** One layer of hiding taken off a command. */
export interface DecodedLayer {
  /** How it was hidden. */
  readonly method: "encoded-command" | "base64";
  readonly text: string;
}

const maxLayers = 6;
const maxDecodedChars = 65_536;

// PowerShell accepts every prefix of -EncodedCommand, and -ec, after -, / or a dash (about_PowerShell_exe).
const encodedParameter =
  /\s[-/\u2013\u2014]e(?:c|n|nc|nco|ncod|ncode|ncoded|ncodedc\w*)?[\s:]+["']?([A-Za-z0-9+/]{8,}={0,2})/gi;
const base64Call = /FromBase64String\s*\(\s*["']([A-Za-z0-9+/\s]{8,}={0,2})["']/gi;

/** The layers hidden in a command line, outermost first, each layer searched again for further ones. */
export function decodeCommand(commandLine: string): readonly DecodedLayer[] {
  const layers: DecodedLayer[] = [];
  const waiting = [commandLine];
  for (let text = waiting.shift(); text !== undefined && layers.length < maxLayers; text = waiting.shift()) {
    for (const layer of layersOf(text)) {
      if (layers.length >= maxLayers) break;
      layers.push(layer);
      waiting.push(layer.text);
    }
  }
  return layers;
}

function* layersOf(text: string): Generator<DecodedLayer> {
  // Only PowerShell gives -e this meaning; in a decoded layer the program's name may be a variable.
  if (/powershell|pwsh|\$\w+/i.test(text)) {
    for (const match of text.matchAll(encodedParameter)) {
      const decoded = decodeText(match[1] ?? "");
      if (decoded !== undefined) yield { method: "encoded-command", text: decoded };
    }
  }
  for (const match of text.matchAll(base64Call)) {
    const decoded = decodeText((match[1] ?? "").replace(/\s/g, ""));
    if (decoded !== undefined) yield { method: "base64", text: decoded };
  }
}

/** Base64 of readable text: UTF-16LE as -EncodedCommand wants it, else UTF-8. Undefined where the bytes are no text. */
function decodeText(base64: string): string | undefined {
  let binary: string;
  try {
    binary = atob(base64.slice(0, maxDecodedChars * 2).replace(/=+$/, ""));
  } catch {
    return undefined;
  }
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  const zeros = bytes.filter((byte, i) => i % 2 === 1 && byte === 0).length;
  const label = zeros > bytes.length / 4 ? "utf-16le" : "utf-8";
  const text = new TextDecoder(label).decode(bytes).slice(0, maxDecodedChars);
  return isReadable(text) ? text : undefined;
}

function isReadable(text: string): boolean {
  const printable = text.match(/[\t\n\r\x20-\x7e\u00a0-\u024f]/g)?.length ?? 0;
  return text.length > 0 && printable / text.length > 0.9;
}

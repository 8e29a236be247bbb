import type { ExportReader } from "./export-reader.ts";
import type { RecordedEvent } from "./recorded-event.ts";

/** Before the manifest is read nobody knows whose session this is, so little is held of what anybody may send. */
const maxManifestChars = 64 * 1024;

/**
 * Reads a whole export from its text as it arrives; holds one line at a time. The text must have been decoded strictly, or a
 * damaged letter could pass for the replacement character.
 *
 * @throws ExportFault at the first thing that is wrong
 */
export async function* readExport(
  chunks: AsyncIterable<string>,
  reader: ExportReader,
  maxLineChars: number = 64 * 1024 * 1024,
): AsyncGenerator<RecordedEvent> {
  let rest: string[] = [];
  let restChars = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", from)) {
      const line = rest.join("") + chunk.slice(from, end);
      rest = [];
      restChars = 0;
      from = end + 1;
      const event = reader.take(line);
      if (event) yield event;
    }
    if (from < chunk.length) rest.push(chunk.slice(from));
    restChars += chunk.length - from;
    if (!reader.manifest && restChars > maxManifestChars)
      throw reader.fault("This is no export of a session: the manifest is too long.");
    if (restChars > maxLineChars) throw reader.fault("This line is longer than any event can be.");
  }
  if (restChars > 0) throw reader.fault("The file is cut off in the middle of this line.");
  reader.finish();
}

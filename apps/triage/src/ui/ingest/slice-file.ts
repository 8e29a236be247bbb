/** A few seconds of work for the server: after each slice its counts are known. */
export const sliceBytes = 4 * 1024 * 1024;
const lookBytes = 64 * 1024;

const closing = 0x7d;
const opening = 0x7b;
const list = 0x5b;
const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * Cuts a file of records into parts that are such files themselves: at a line that ends with `}` before one that begins with
 * `{`, which in JSON is found only between records. A file without such places, as one array is, stays whole.
 */
export async function* sliceFile(file: Blob): AsyncGenerator<Blob, void, undefined> {
  let from = 0;
  if (!(await isList(file))) {
    for (let at = sliceBytes; at < file.size; ) {
      const cut = await findCut(file, at);
      if (cut === null) break;
      yield file.slice(from, cut);
      from = cut;
      at = cut + sliceBytes;
    }
  }
  yield file.slice(from);
}

async function isList(file: Blob): Promise<boolean> {
  const head = await bytesOf(file, 0, 1024);
  return head.find((byte) => byte > 0x20 && byte < 0x80) === list;
}

/** Where the first record after `at` begins, or null. */
async function findCut(file: Blob, at: number): Promise<number | null> {
  for (let start = at; start < file.size; start += lookBytes) {
    // Some bytes more, so that a place on the border is seen.
    const bytes = await bytesOf(file, start - 3, start + lookBytes);
    for (let index = 2; index < bytes.length; index++) {
      if (bytes[index] !== opening || bytes[index - 1] !== newline) continue;
      const before = bytes[index - 2] === carriageReturn ? bytes[index - 3] : bytes[index - 2];
      if (before === closing) return start - 3 + index;
    }
  }
  return null;
}

async function bytesOf(file: Blob, from: number, to: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(from, to).arrayBuffer());
}

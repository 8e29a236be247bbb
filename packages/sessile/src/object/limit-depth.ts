/** A function that may cause its own next call, but no more than so many inside one another. @throws (when called) Error */
export function limitDepth<Args extends readonly unknown[]>(
  maxDepth: number,
  call: (...args: Args) => void,
): (...args: Args) => void {
  let depth = 0;
  return (...args) => {
    if (depth === maxDepth) throw new Error(`It has caused itself ${maxDepth} times.`);
    depth += 1;
    try {
      call(...args);
    } finally {
      depth -= 1;
    }
  };
}

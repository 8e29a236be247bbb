/**
 * Whether a stream's name matches a pattern: `*` stands for any characters of one segment (at least one where it is the whole
 * segment), `**` as a whole segment for any number of segments. Takes at most the product of both lengths, whatever the pattern.
 */
export function matchesGlob(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  // For each number of given segments: whether the pattern so far matches just those.
  let reached = [true, ...given.map(() => false)];
  for (const part of wanted) {
    const next = reached.map(() => false);
    for (let count = 0; count <= given.length; count++) {
      if (part === "**") next[count] = reached[count] === true || next[count - 1] === true;
      else next[count] = reached[count - 1] === true && matchesSegment(part, given[count - 1] ?? "");
    }
    reached = next;
  }
  return reached[given.length] === true;
}

/** What every match begins with. */
export function literalPrefix(pattern: string): string {
  const star = pattern.indexOf("*");
  return star < 0 ? pattern : pattern.slice(0, star);
}

function matchesSegment(part: string, text: string): boolean {
  return part === "*" ? text.length > 0 : matchesStars(part, text);
}

/** Whether a text is the pattern's, in which `*` stands for any characters. Goes back to the last star only: what an earlier one took can stay. */
export function matchesStars(part: string, text: string): boolean {
  let at = 0;
  let index = 0;
  let star = -1;
  let taken = 0;
  while (index < text.length) {
    if (part[at] === "*") {
      star = at++;
      taken = index;
    } else if (part[at] === text[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++taken;
    } else return false;
  }
  while (part[at] === "*") at++;
  return at === part.length;
}

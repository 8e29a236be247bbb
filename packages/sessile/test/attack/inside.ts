/** Marks of the inside: paths, frames of a stack, SQL, and what fixtures throw. */
export const inside =
  /\.(ts|js):\d|\bat \w+ \(|worker\.js|SQLITE|SELECT |INSERT |_sessile_|no_such_table|secret detail|D1_ERROR/;

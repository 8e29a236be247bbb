/** Objects whose name begins so count what they write; all others run untouched, so that counting costs no figure anything. */
export const countedPrefix = "counted-";

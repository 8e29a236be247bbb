/** What the tokens of measured answers are made of: no envelope has this letter, so that tokens can be counted on the wire. */
export const tokenLetter = "~";

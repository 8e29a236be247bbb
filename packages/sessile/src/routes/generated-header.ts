/** First line of every generated module; a file without it is nobody's to overwrite or remove. */
export const generatedHeader = "// Written by `sessile generate`. Changes are lost.";

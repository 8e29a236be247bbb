const pattern = /\b(?:https?|ftp):\/\/[^\s"'<>`|)\]}^]{3,2048}/gi;
const maxUrls = 20;

/** The distinct URLs of a text, without the punctuation that ended the sentence around them. */
export function extractUrls(text: string): readonly string[] {
  const urls = new Set<string>();
  for (const [match] of text.matchAll(pattern)) {
    urls.add(match.replace(/[.,;:!?]+$/, ""));
    if (urls.size >= maxUrls) break;
  }
  return [...urls];
}

/** A URL whose host is a bare address: rare in honest software, common where a domain would leave a trace. */
export function hasAddressHost(url: string): boolean {
  return /^\w+:\/\/(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\])([:/]|$)/i.test(url);
}

import { useEffect, useState } from "react";
import type { QuotaStatus } from "sessile/protocol";

/** What is left of today's prompts, asked again whenever something happened in the session. */
export function QuotaLine({ lastSeq }: { readonly lastSeq: number }) {
  const [quota, setQuota] = useState<QuotaStatus | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another seq is the occasion to ask
  useEffect(() => {
    fetch("/v1/quota")
      .then((response) => (response.ok ? (response.json() as Promise<QuotaStatus>) : null))
      .then(setQuota, () => {});
  }, [lastSeq]);
  if (!quota) return null;
  const { tier, promptsRemaining, promptsTotal, warning } = quota;
  return (
    <p className="quiet text-sm" role="status">
      {warning && <strong>Nearly used up: </strong>}
      {promptsTotal === null ? "No daily limit" : `${promptsRemaining} of ${promptsTotal} prompts left today`}{" "}
      ({tier})
    </p>
  );
}

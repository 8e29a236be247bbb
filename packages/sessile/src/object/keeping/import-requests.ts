import { StagedLog } from "../../kernel/index.ts";
import { unreachable } from "../../protocol/error.ts";
import type { SessionCaller, SessionReplies, SessionRequest } from "../../protocol/request.ts";
import type { SessionHost } from "../session-host.ts";
import { assertOwner, assertOwnWord } from "./import-rights.ts";

type ImportOp = "importBegin" | "importAdd" | "importEnd";

/** Answers the steps of an import. */
export function answerImport(
  host: SessionHost,
  request: SessionRequest & { readonly op: ImportOp },
  { actor }: SessionCaller,
): SessionReplies[ImportOp] {
  const { kernel } = host;
  const staged = new StagedLog(kernel);
  const isOwned = kernel.definition.access === "owned";
  switch (request.op) {
    case "importBegin":
      staged.begin();
      return {};
    case "importAdd":
      // An owner's file might say that others wrote what they never did; the record is the deployment's own.
      staged.add(request.commits, isOwned && !request.fromRecord ? (actor?.id ?? "") : undefined);
      return {};
    case "importEnd":
      staged.activate(request.lastSeq, (view) => {
        if (!isOwned) return;
        assertOwner(view, actor?.id);
        if (!request.fromRecord) assertOwnWord(view, actor?.id);
      });
      host.restart();
      return { lastSeq: kernel.committedView.lastSeq };
    default:
      return unreachable(request);
  }
}

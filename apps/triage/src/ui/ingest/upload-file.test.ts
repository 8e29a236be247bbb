import { expect, it } from "vitest";
import { uploadFile } from "./upload-file.ts";

it("says of an empty file that it is empty, without sending it", async () => {
  const { answer } = uploadFile(new Blob([]), { onSent: () => {}, onCounts: () => {} });
  await expect(answer).rejects.toThrow("This file is empty.");
});

import { defaultLimits, type Limits } from "../protocol/index.ts";

/** What a message says beside its result. */
const overheadChars = 2000;

/** Of a result as a model gets it. A row of D1 is counted in bytes, of which a character has up to three. */
export const maxOutputChars = Math.floor(defaultLimits.maxRowBytes / 3) - overheadChars;

/** What an answer brings is a result's content: what a model could not get is refused while whoever sends it can still mend it. */
export const workflowLimits: Limits = { ...defaultLimits, maxGateResultChars: 630_000 };

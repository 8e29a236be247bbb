import { type FormEvent, useId, useState } from "react";
import { plural } from "../lib/format-number.ts";
import { Button } from "../parts/button.tsx";
import { fieldClass } from "../parts/field.ts";
import { Modal } from "../parts/modal.tsx";
import { Notice } from "../parts/notice.tsx";
import { useIncident } from "./session-context.ts";
import { useIncidentCall } from "./use-incident-call.ts";

const decisions = [
  { value: "Confirmed incident", means: "It happened, and what it calls for is done or handed on." },
  { value: "Benign activity", means: "It happened, and was meant to." },
  { value: "False positive", means: "The detection was wrong." },
  { value: "Accepted risk", means: "It is real, and stays as it is." },
];

interface CloseDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** The decision that closes an incident. */
export function CloseDialog({ open, onClose }: CloseDialogProps) {
  const { state, pendingCalls } = useIncident();
  const id = useId();
  const call = useIncidentCall();
  const [decision, setDecision] = useState("");
  const [comment, setComment] = useState("");
  const undecided = (state.plan ?? []).filter((action) => action.decision === "waiting").length;
  const isSending = pendingCalls.some(({ method }) => method === "recordDecision");

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const isDone = await call("Recording the decision", "recordDecision", decision, comment.trim());
    if (isDone) onClose();
  };

  return (
    <Modal
      open={open}
      onClose={onClose}
      title="Record the decision"
      description="It closes the incident. Everyone sees who decided, and when."
    >
      <form onSubmit={(event) => void submit(event)} className="space-y-4 p-4">
        <fieldset className="space-y-1">
          <legend className="mb-1.5 font-medium text-sm">What is it?</legend>
          {decisions.map(({ value, means }) => (
            <label
              key={value}
              className="flex gap-2.5 rounded-md border border-line px-3 py-2 has-checked:border-accent has-checked:bg-selected"
            >
              <input
                type="radio"
                name={`${id}-decision`}
                value={value}
                checked={decision === value}
                onChange={() => setDecision(value)}
                className="mt-1 accent-accent"
              />
              <span>
                <span className="block font-medium text-sm">{value}</span>
                <span className="block text-ink-2 text-xs">{means}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div>
          <label htmlFor={`${id}-comment`} className="mb-1 block font-medium text-sm">
            Why <span className="font-normal text-ink-3">(optional)</span>
          </label>
          <textarea
            id={`${id}-comment`}
            rows={3}
            maxLength={4000}
            value={comment}
            onChange={(event) => setComment(event.target.value)}
            className={fieldClass}
          />
        </div>
        {undecided > 0 && (
          <Notice tone="warn">
            {plural(undecided, "action")} of the plan {undecided === 1 ? "is" : "are"} undecided and will
            lapse.
          </Notice>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={decision === "" || isSending}>
            {isSending ? "Closing…" : "Close incident"}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

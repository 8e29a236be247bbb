import { type FormEvent, type KeyboardEvent, useRef, useState } from "react";

const maxChars = 20_000;

/** Enter sends, Shift and Enter begin a line, Escape stops. */
export function Composer({
  isBusy,
  canStop,
  onSend,
  onStop,
}: {
  readonly isBusy: boolean;
  readonly canStop: boolean;
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
}) {
  const [text, setText] = useState("");
  const box = useRef<HTMLTextAreaElement>(null);
  const isSendable = !isBusy && text.trim() !== "";
  const submit = (event?: FormEvent): void => {
    event?.preventDefault();
    if (!isSendable) return;
    onSend(text);
    setText("");
    box.current?.focus();
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && canStop) onStop();
    // While a letter is being composed, Enter belongs to the input method.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form className="composer sticky bottom-0 flex items-end gap-2 pb-4" onSubmit={submit}>
      <label className="grow">
        <span className="sr-only">Your message</span>
        <textarea
          ref={box}
          className="field block w-full resize-none"
          rows={2}
          maxLength={maxChars}
          placeholder="Your message"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={press}
        />
      </label>
      {canStop ? (
        <button type="button" className="button" onClick={onStop}>
          Stop
        </button>
      ) : (
        <button type="submit" className="button primary" disabled={!isSendable}>
          Send
        </button>
      )}
    </form>
  );
}

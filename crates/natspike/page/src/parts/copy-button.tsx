/** A button that copies a text and says that it did. */
import { useState } from "preact/hooks";
import { announce } from "../state/session.ts";
import { Icon } from "./icon.tsx";

export interface CopyButtonProps {
  text: string | (() => string);
  /** What is copied, for its name: `Copy the command`. */
  what?: string;
  /** Shows the word beside the drawing. */
  word?: boolean;
}

export function CopyButton({ text, what = "", word = true }: CopyButtonProps) {
  const [state, setState] = useState<"" | "copied" | "refused">("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : text());
      setState("copied");
      announce("Copied.");
    } catch {
      setState("refused");
      announce("The browser does not let the page copy; select the text instead.");
    }
    setTimeout(() => setState(""), 2000);
  };
  const said = state === "copied" ? "Copied" : state === "refused" ? "Select it" : "Copy";
  return (
    <button
      type="button"
      class="button button-small button-quiet"
      onClick={copy}
      aria-label={what ? `${said} ${what}` : said}
    >
      <Icon name={state === "copied" ? "check" : "copy"} />
      {word ? <span>{said}</span> : null}
    </button>
  );
}

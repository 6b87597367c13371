/**
 * The box for the filter language: checked by the server while it is typed,
 * with the sentence and its caret below, and names to complete.
 *
 * **Invariants.** Nothing is applied that the server did not accept.
 */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { api, isAborted } from "../api/client.ts";
import type { FilterCheck } from "../api/types.ts";
import { session } from "../state/session.ts";
import { Icon } from "./icon.tsx";

export { andFilter, notFilter, quoted } from "./filter-term.ts";

const PAUSE_MILLISECONDS = 150;
const MOST_SUGGESTED = 8;

export interface FilterBoxProps {
  /** The filter that is applied. */
  value: string;
  onApply: (text: string) => void;
  /** Called with what is typed once the field is left, in a form that is sent as a whole. */
  onLeave?: (text: string) => void;
  label?: string;
  busy?: boolean;
}

export function FilterBox({ value, onApply, onLeave, label = "Filter", busy }: FilterBoxProps) {
  const id = useId();
  const [text, setText] = useState(value);
  const [check, setCheck] = useState<FilterCheck | undefined>(undefined);
  const [chosen, setChosen] = useState(-1);
  const [suggested, setSuggested] = useState<Suggestion[]>([]);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (value !== text) {
      setText(value);
      setCheck(undefined);
    }
  }, [value]);

  useEffect(() => checkLater(text, setCheck), [text]);

  const apply = async (next = text) => {
    setSuggested([]);
    const answer = next.trim() ? await checkNow(next).catch(() => undefined) : undefined;
    setCheck(answer);
    if (!answer || answer.ok) {
      onApply(next.trim());
    }
  };
  const complete = (at: number) => {
    const box = input.current;
    const name = suggested[at];
    if (box && name) {
      const done = completed(text, box.selectionStart ?? text.length, name.name);
      setText(done.text);
      setSuggested([]);
      setChosen(-1);
      requestAnimationFrame(() => {
        box.focus();
        box.setSelectionRange(done.caret, done.caret);
      });
    }
  };
  const onInput = (event: Event) => {
    const box = event.currentTarget as HTMLInputElement;
    setText(box.value);
    setChosen(-1);
    setSuggested(suggestions(box.value, box.selectionStart ?? box.value.length));
  };
  const onKey = (event: KeyboardEvent) => {
    const many = suggested.length;
    if (event.key === "ArrowDown" && many > 0) {
      event.preventDefault();
      setChosen((chosen + 1) % many);
    } else if (event.key === "ArrowUp" && many > 0) {
      event.preventDefault();
      setChosen((chosen + many) % (many + 1) === many ? many - 1 : (chosen + many - 1) % many);
    } else if (event.key === "Escape" && many > 0) {
      event.preventDefault();
      setSuggested([]);
    } else if ((event.key === "Enter" || event.key === "Tab") && many > 0 && chosen >= 0) {
      event.preventDefault();
      complete(chosen);
    } else if (event.key === "Enter") {
      event.preventDefault();
      void apply();
    }
  };
  const wrong = check && !check.ok ? check : undefined;
  return (
    <form
      class="filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        void apply();
      }}
    >
      <label for={id}>{label}</label>
      <div class="filter-row">
        <div class="filter-input">
          <input
            ref={input}
            id={id}
            type="text"
            role="combobox"
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            placeholder="dst is public and port = 443"
            value={text}
            aria-invalid={wrong ? true : undefined}
            aria-describedby={`${id}-said`}
            aria-autocomplete="list"
            aria-expanded={suggested.length > 0}
            aria-controls={`${id}-names`}
            aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
            onInput={onInput}
            onKeyDown={onKey}
            onBlur={() => {
              setTimeout(() => setSuggested([]), 150);
              onLeave?.(text.trim());
            }}
          />
          <div
            class="suggestions"
            role="listbox"
            id={`${id}-names`}
            aria-label="Names"
            hidden={suggested.length === 0}
          >
            {suggested.map((name, at) => (
              <div
                key={name.name}
                id={`${id}-${at}`}
                role="option"
                tabIndex={-1}
                class="suggestion"
                aria-selected={at === chosen}
                onPointerDown={(event) => {
                  event.preventDefault();
                  complete(at);
                }}
              >
                <code>{name.name}</code> <span class="hint">{name.about}</span>
              </div>
            ))}
          </div>
        </div>
        <button type="submit" class="button button-main" disabled={busy}>
          Apply
        </button>
        {value || text ? (
          <button
            type="button"
            class="button"
            onClick={() => {
              setText("");
              void apply("");
            }}
          >
            <Icon name="close" size={12} /> Clear
          </button>
        ) : null}
      </div>
      <div id={`${id}-said`} class="filter-said" aria-live="polite">
        {wrong ? <pre class="filter-wrong">{`${wrong.message}\n${wrong.pointed}`}</pre> : null}
      </div>
    </form>
  );
}

interface Suggestion {
  name: string;
  about: string;
}

/** The word in which the caret stands, where a name may stand. */
function wordAt(text: string, caret: number): { from: number; word: string } {
  const before = /[A-Za-z_-]*$/.exec(text.slice(0, caret));
  const word = before?.[0] ?? "";
  return { from: caret - word.length, word };
}

function suggestions(text: string, caret: number): Suggestion[] {
  const { from, word } = wordAt(text, caret);
  const head = text.slice(0, from).trimEnd();
  const isName = head === "" || /(\(|&&|\|\||!|\band|\bor|\bnot)$/i.test(head);
  if (!isName || word === "") {
    return [];
  }
  const sought = word.toLowerCase().replaceAll("_", "-");
  const names = session.value?.filter_names ?? [];
  const fits = names.filter((one) => one.name.startsWith(sought) && one.name !== sought);
  const inside = names.filter((one) => !one.name.startsWith(sought) && one.name.includes(sought));
  return [...fits, ...inside].slice(0, MOST_SUGGESTED);
}

function completed(text: string, caret: number, name: string): { text: string; caret: number } {
  const { from } = wordAt(text, caret);
  const rest = text.slice(caret).replace(/^[A-Za-z_-]+/, "");
  const gap = rest.startsWith(" ") ? "" : " ";
  return { text: text.slice(0, from) + name + gap + rest, caret: from + name.length + 1 };
}

function checkNow(text: string, signal?: AbortSignal): Promise<FilterCheck> {
  return api.get<FilterCheck>("/filters/check", { text }, signal ? { signal } : {});
}

/** Checks after a pause; what it returns drops the check. */
function checkLater(text: string, said: (check: FilterCheck | undefined) => void): () => void {
  const abort = new AbortController();
  const timer = setTimeout(async () => {
    if (text.trim() === "") {
      said(undefined);
      return;
    }
    try {
      said(await checkNow(text, abort.signal));
    } catch (cause) {
      if (!isAborted(cause)) {
        said(undefined);
      }
    }
  }, PAUSE_MILLISECONDS);
  return () => {
    clearTimeout(timer);
    abort.abort();
  };
}

/**
 * A field that takes several values: addresses, networks, ids, regions.
 *
 * **Invariants.** What cannot be a value is not added; it stays in the field with a
 * sentence that says what to write.
 */
import { useId, useState } from "preact/hooks";
import { Field } from "../field.tsx";
import { Icon } from "../icon.tsx";
import type { Choice } from "./choices.ts";
import { listOf } from "./sources.ts";

export interface ValuesProps {
  label: string;
  values: readonly string[];
  onChange: (values: string[]) => void;
  /** What is proposed while one types. */
  choices?: readonly Choice[];
  placeholder?: string;
  hint?: string;
  /** Why a text cannot be a value. */
  trouble?: (value: string) => string | null;
}

export function Values(props: ValuesProps) {
  const list = useId();
  const [typed, setTyped] = useState("");
  const [error, setError] = useState<string | null>(null);
  const { values, choices } = props;

  const add = (text: string) => {
    const all = listOf(text);
    const wrong = all.filter((value) => props.trouble?.(value));
    const fresh = all.filter((value) => !wrong.includes(value) && !values.includes(value));
    if (fresh.length > 0) {
      props.onChange([...values, ...new Set(fresh)]);
    }
    const [first] = wrong;
    setError(first === undefined ? null : (props.trouble?.(first) ?? null));
    setTyped(wrong.join(" "));
  };
  const remove = (value: string) => props.onChange(values.filter((one) => one !== value));
  const onKeyDown = (event: KeyboardEvent) => {
    const last = values.at(-1);
    if ((event.key === "Enter" || event.key === ",") && typed.trim() !== "") {
      event.preventDefault();
      add(typed);
    } else if (event.key === "Backspace" && typed === "" && last !== undefined) {
      remove(last);
    }
  };
  // A choice that is taken from the list comes at once and not letter by letter.
  const isTaken = (event: Event, text: string) =>
    (!(event instanceof InputEvent) || event.inputType === "insertReplacementText") &&
    choices?.some((choice) => choice.value === text);
  const onPaste = (event: ClipboardEvent) => {
    const text = event.clipboardData?.getData("text") ?? "";
    if (listOf(text).length > 1) {
      event.preventDefault();
      add(text);
    }
  };
  return (
    <Field label={props.label} hint={props.hint} error={error}>
      {(ids) => (
        <div class="values">
          {values.map((value) => (
            <span class="value" key={value}>
              {value}
              <button type="button" aria-label={`Remove ${value}`} onClick={() => remove(value)}>
                <Icon name="close" size={12} />
              </button>
            </span>
          ))}
          <input
            {...ids}
            type="text"
            list={choices ? list : undefined}
            autocomplete="off"
            spellcheck={false}
            placeholder={values.length === 0 ? props.placeholder : undefined}
            value={typed}
            onInput={(event) => {
              const text = event.currentTarget.value;
              setError(null);
              setTyped(text);
              if (isTaken(event, text)) {
                add(text);
              }
            }}
            onPaste={onPaste}
            onBlur={() => typed.trim() !== "" && add(typed)}
            onKeyDown={onKeyDown}
          />
          {choices ? (
            <datalist id={list}>
              {choices
                .filter((choice) => !values.includes(choice.value))
                .map((choice) => (
                  <option key={choice.value} value={choice.value}>
                    {choice.about}
                  </option>
                ))}
            </datalist>
          ) : null}
        </div>
      )}
    </Field>
  );
}

/**
 * A field for a text that counts once it is left or Enter is pressed.
 *
 * **Invariants.** While one types, the address does not change with every letter.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Field } from "../field.tsx";

export interface TextFieldProps {
  label: ComponentChildren;
  value: string;
  onChange: (value: string) => void;
  hint?: ComponentChildren;
  placeholder?: string;
  /** Why a text cannot be the value; asked of what is not empty. */
  trouble?: (value: string) => string | null;
  inputMode?: "numeric" | "decimal" | "text";
}

export function TextField(props: TextFieldProps) {
  const [typed, setTyped] = useState(props.value);
  useEffect(() => setTyped(props.value), [props.value]);
  const error = typed.trim() === "" ? null : (props.trouble?.(typed.trim()) ?? null);
  return (
    <Field label={props.label} hint={props.hint} error={error}>
      {(ids) => (
        <input
          {...ids}
          type="text"
          inputMode={props.inputMode ?? "text"}
          autocomplete="off"
          spellcheck={false}
          placeholder={props.placeholder}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onChange={(event) => props.onChange(event.currentTarget.value.trim())}
        />
      )}
    </Field>
  );
}

/**
 * A field that takes one value of a list, or any: typing searches the list.
 *
 * It follows the pattern "editable combobox with list autocomplete" of the ARIA
 * Authoring Practices: arrows move in the list, Enter takes, Escape closes.
 *
 * **Invariants.** What is typed counts as it stands once the field is left; the list
 * only proposes.
 */
import { useId, useState } from "preact/hooks";
import { Field, type FieldIds } from "../field.tsx";
import { type Choice, fitting } from "./choices.ts";

export interface ComboProps {
  label: string;
  value: string;
  choices: readonly Choice[];
  onChange: (value: string) => void;
  /** What stands in the empty field. */
  placeholder?: string;
  hint?: string;
  error?: string | null;
}

/** The most values that are proposed at once. */
const MOST = 80;

export function Combo(props: ComboProps) {
  return (
    <Field label={props.label} hint={props.hint} error={props.error}>
      {(ids) => <Box {...props} ids={ids} />}
    </Field>
  );
}

function Box(props: ComboProps & { ids: FieldIds }) {
  const list = useId();
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState<string | null>(null);
  const [active, setActive] = useState(-1);
  const found = fitting(props.choices, typed ?? "").slice(0, MOST);
  const isShown = isOpen && found.length > 0;

  const close = () => {
    setTyped(null);
    setOpen(false);
    setActive(-1);
  };
  const take = (value: string) => {
    props.onChange(value);
    close();
  };
  const leave = () => {
    if (typed !== null) {
      props.onChange(typed.trim());
    }
    close();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setOpen(true);
      setActive(
        active < 0 && step < 0 ? found.length - 1 : (active + step + found.length) % found.length,
      );
    } else if (event.key === "Enter") {
      const chosen = isOpen ? found[active]?.value : undefined;
      if (chosen !== undefined || typed !== null) {
        event.preventDefault();
        take(chosen ?? (typed ?? "").trim());
      }
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  };
  return (
    <div class="combo">
      <input
        {...props.ids}
        type="text"
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={list}
        aria-activedescendant={isShown && active >= 0 ? `${list}-${active}` : undefined}
        autocomplete="off"
        spellcheck={false}
        placeholder={props.placeholder}
        value={typed ?? props.value}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setOpen(true);
          setActive(-1);
        }}
        onClick={() => setOpen(true)}
        onBlur={leave}
        onKeyDown={onKeyDown}
      />
      <div id={list} role="listbox" aria-label="Choices" class="combo-list" hidden={!isShown}>
        {isShown
          ? found.map((choice, at) => (
              <div
                key={choice.value}
                id={`${list}-${at}`}
                role="option"
                tabIndex={-1}
                aria-selected={at === active}
                ref={at === active ? intoView : undefined}
                class="combo-choice"
                onPointerDown={(event) => {
                  event.preventDefault();
                  take(choice.value);
                }}
              >
                <span>{choice.value}</span>
                {choice.about ? <span class="hint">{choice.about}</span> : null}
              </div>
            ))
          : null}
      </div>
    </div>
  );
}

function intoView(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: "nearest" });
}

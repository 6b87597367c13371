/**
 * The field that searches in the rows of a table.
 *
 * **Invariants.** It searches after a pause, so that a large table does not hold up the
 * typing.
 */
import { useEffect, useRef, useState } from "preact/hooks";

const PAUSE_MILLISECONDS = 150;

export interface SearchProps {
  label: string;
  value: string;
  onSearch: (text: string) => void;
}

export function Search({ label, value, onSearch }: SearchProps) {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <input
      type="search"
      class="find"
      aria-label={label}
      placeholder="Search in these rows"
      value={typed}
      onInput={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => onSearch(text), PAUSE_MILLISECONDS);
      }}
    />
  );
}

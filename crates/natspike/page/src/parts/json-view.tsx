/**
 * Any JSON as a tree that folds, with copy and download.
 *
 * **Invariants.** What is folded is not drawn, so large values stay fast; long
 * lists are shown in steps.
 */
import { useState } from "preact/hooks";
import { CopyButton } from "./copy-button.tsx";
import { Icon } from "./icon.tsx";

const STEP = 100;

export interface JsonViewProps {
  value: unknown;
  /** The name of the file when it is downloaded. */
  name?: string;
  /** How many levels are open at first. */
  depth?: number;
}

export function JsonView({ value, name = "natspike.json", depth = 1 }: JsonViewProps) {
  const text = () => JSON.stringify(value, null, 2);
  const download = () => {
    const url = URL.createObjectURL(new Blob([text()], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <div class="json">
      <div class="json-actions">
        <CopyButton text={text} what="the JSON" />
        <button type="button" class="button button-small button-quiet" onClick={download}>
          <Icon name="download" /> Download
        </button>
      </div>
      <section class="json-tree" tabIndex={0} aria-label={`JSON of ${name}`}>
        <Value value={value} depth={depth} />
      </section>
    </div>
  );
}

function Value({ value, depth }: { value: unknown; depth: number }) {
  if (value === null || typeof value !== "object") {
    return <Leaf value={value} />;
  }
  const isList = Array.isArray(value);
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length === 0) {
    return <span class="json-mark">{isList ? "[]" : "{}"}</span>;
  }
  return <Branch entries={entries} isList={isList} depth={depth} />;
}

interface BranchProps {
  entries: [string, unknown][];
  isList: boolean;
  depth: number;
}

function Branch({ entries, isList, depth }: BranchProps) {
  const [isOpen, setOpen] = useState(depth > 0);
  const [shown, setShown] = useState(STEP);
  const size = isList ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <>
      <button
        type="button"
        class="json-fold"
        aria-expanded={isOpen}
        aria-label={isList ? `list of ${entries.length}` : `object of ${entries.length}`}
        onClick={() => setOpen(!isOpen)}
      >
        {size}
      </button>
      {isOpen ? (
        <ul class="json-list">
          {entries.slice(0, shown).map(([key, child]) => (
            <li key={key}>
              <span class={isList ? "json-index" : "json-key"}>{key}</span>
              <span class="json-mark">: </span>
              <Value value={child} depth={depth - 1} />
            </li>
          ))}
          {entries.length > shown ? (
            <li>
              <button
                type="button"
                class="button button-small"
                onClick={() => setShown(shown + STEP)}
              >
                {`Show ${Math.min(STEP, entries.length - shown)} more of ${entries.length - shown}`}
              </button>
            </li>
          ) : null}
        </ul>
      ) : null}
    </>
  );
}

function Leaf({ value }: { value: unknown }) {
  const kind = value === null ? "null" : typeof value;
  return <span class={`json-${kind}`}>{JSON.stringify(value)}</span>;
}

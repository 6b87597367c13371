/**
 * The files below the roots of the server, folder by folder.
 *
 * Arrows move between rows, Enter opens a folder or takes a file, the space bar takes a
 * folder as a whole, Backspace goes to the folder above.
 *
 * **Invariants.** What lies below the roots the server says; paths are never put
 * together here.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import type { Folder } from "../../api/types.ts";
import { bytes } from "../../format/bytes.ts";
import { time } from "../../format/time.ts";
import { Icon } from "../icon.tsx";
import { Empty, Problem } from "../notice.tsx";
import { type Loaded, useLoaded } from "./loading.ts";

type Entry = Folder["entries"][number];

export interface FilesProps {
  chosen: readonly string[];
  onToggle: (path: string) => void;
}

/** A folder with more entries has a field to search in it. */
const MANY = 12;

export function Files({ chosen, onToggle }: FilesProps) {
  const [path, setPath] = useState<string | null>(null);
  const [sought, setSought] = useState("");
  const hasBegun = useRef(false);
  const folder = useLoaded(`files ${path ?? ""}`, (signal) =>
    api.get<Folder>("/files", { path }, { signal }),
  );
  const entries = folder.value?.entries ?? [];
  const shown = entries.filter((entry) => entry.name.toLowerCase().includes(sought.toLowerCase()));
  const [only, ...others] = entries;
  useEffect(() => {
    // Where there is one folder only, nobody wants to see it alone.
    if (!hasBegun.current && folder.value) {
      hasBegun.current = true;
      if (path === null && only?.is_folder && others.length === 0) {
        setPath(only.path);
      }
    }
  }, [folder.value]);
  const open = (to: string | null) => {
    setSought("");
    setPath(to);
  };
  return (
    <div class="files">
      <div class="files-head">
        <button
          type="button"
          class="button button-small"
          disabled={path === null}
          onClick={() => open(folder.value?.parent ?? null)}
        >
          <Icon name="up" /> Up
        </button>
        <code class="files-path">{path ?? "What natspike serve may open"}</code>
        {path === null ? null : (
          <button
            type="button"
            class="button button-small"
            aria-pressed={chosen.includes(path)}
            onClick={() => onToggle(path)}
          >
            {chosen.includes(path) ? "Leave this folder out" : "Take this whole folder"}
          </button>
        )}
        {entries.length > MANY ? (
          <input
            type="search"
            aria-label="Search in this folder"
            placeholder="Search in this folder"
            value={sought}
            onInput={(event) => setSought(event.currentTarget.value)}
          />
        ) : null}
      </div>
      <Entries
        folder={folder}
        shown={shown}
        chosen={chosen}
        onToggle={onToggle}
        onOpen={open}
        onUp={() => path !== null && open(folder.value?.parent ?? null)}
      />
      {folder.value?.is_cut ? (
        <p class="hint">The folder has more than is shown; take it whole, or write a path.</p>
      ) : null}
    </div>
  );
}

interface EntriesProps extends FilesProps {
  folder: Loaded<Folder>;
  shown: Entry[];
  onOpen: (path: string) => void;
  onUp: () => void;
}

function Entries({ folder, shown, chosen, onToggle, onOpen, onUp }: EntriesProps) {
  const list = useRef<HTMLUListElement>(null);
  const hasKeys = useRef(false);
  const path = folder.value?.path;
  useEffect(() => {
    if (hasKeys.current && list.current) {
      hasKeys.current = false;
      list.current.querySelector<HTMLElement>(".file-main")?.focus();
    }
  }, [path]);

  const onKeyDown = (event: KeyboardEvent) => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>(".file-main") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (at >= 0 && to !== undefined) {
      event.preventDefault();
      all[to]?.focus();
    } else if (event.key === "Backspace") {
      event.preventDefault();
      hasKeys.current = true;
      onUp();
    } else if (event.key === " " && at >= 0) {
      event.preventDefault();
      const entry = shown[at];
      if (entry) {
        onToggle(entry.path);
      }
    } else if (event.key === "Enter") {
      hasKeys.current = true;
    }
  };
  if (folder.problem) {
    return <Problem error={folder.problem} retry={folder.again} />;
  }
  if (!folder.value) {
    return <p class="hint">Reading the folder…</p>;
  }
  if (shown.length === 0) {
    const isEmpty = folder.value.entries.length === 0;
    return (
      <Empty title={isEmpty ? "This folder is empty." : "No name has that in it."}>
        {isEmpty ? "Go up, or upload a file." : "Clear the search to see all names."}
      </Empty>
    );
  }
  return (
    <ul ref={list} class="files-list" aria-label={path ?? "Roots"} onKeyDown={onKeyDown}>
      {shown.map((entry) => (
        <Row
          key={entry.path}
          entry={entry}
          isChosen={chosen.includes(entry.path)}
          onToggle={onToggle}
          onOpen={onOpen}
        />
      ))}
    </ul>
  );
}

interface RowProps {
  entry: Entry;
  isChosen: boolean;
  onToggle: (path: string) => void;
  onOpen: (path: string) => void;
}

function Row({ entry, isChosen, onToggle, onOpen }: RowProps) {
  const act = () => (entry.is_folder ? onOpen(entry.path) : onToggle(entry.path));
  const about = [
    entry.is_folder ? "" : bytes(entry.bytes),
    entry.modified === null ? "" : time(entry.modified),
  ];
  return (
    <li class={isChosen ? "file file-chosen" : "file"}>
      <input
        type="checkbox"
        tabIndex={-1}
        aria-label={`Take ${entry.name}`}
        checked={isChosen}
        onChange={() => onToggle(entry.path)}
      />
      <button
        type="button"
        class="file-main"
        aria-pressed={entry.is_folder ? undefined : isChosen}
        onClick={act}
      >
        <Icon name={entry.is_folder ? "folder" : "file"} />
        <span class="file-name">{entry.name}</span>
        <span class="hint">{about.filter(Boolean).join(" · ")}</span>
      </button>
    </li>
  );
}

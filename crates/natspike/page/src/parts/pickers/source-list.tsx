/**
 * Which sources are read: what was taken so far, and the ways to take more.
 *
 * **Invariants.** A source stands in the list once; the order is the user's.
 */
import { useEffect, useState } from "preact/hooks";
import { session } from "../../state/session.ts";
import { Field } from "../field.tsx";
import { Icon } from "../icon.tsx";
import { Tabs } from "../tabs.tsx";
import { DropZone } from "./drop-zone.tsx";
import { Files } from "./files.tsx";
import { kindOf, sourceTrouble } from "./sources.ts";
import { loadUploads, uploads } from "./uploads.ts";

export interface SourceListProps {
  sources: readonly string[];
  onChange: (sources: string[]) => void;
}

type Way = "files" | "upload" | "aws";

export function SourceList({ sources, onChange }: SourceListProps) {
  const [way, setWay] = useState<Way>("files");
  useEffect(() => {
    if (uploads.peek() === undefined) {
      // Without the names the ids are shown.
      loadUploads().catch(() => {});
    }
  }, []);
  const add = (source: string) => {
    if (!sources.includes(source)) {
      onChange([...sources, source]);
    }
  };
  const remove = (source: string) => onChange(sources.filter((one) => one !== source));
  const toggle = (path: string) => (sources.includes(path) ? remove(path) : add(path));
  const ways = [
    { key: "files", label: "Files" },
    { key: "upload", label: "Upload" },
    { key: "aws", label: "S3 and CloudWatch Logs" },
  ];
  return (
    <section class="sources" aria-label="Sources">
      <Taken sources={sources} onRemove={remove} />
      <Tabs label="Where from" tabs={ways} current={way} onChange={(key) => setWay(key as Way)}>
        {way === "files" ? <Files chosen={sources} onToggle={toggle} /> : null}
        {way === "upload" ? (
          <DropZone
            kind="flow-log"
            what="flow logs or bundles"
            hint="Text, gzip, zstd, Parquet, JSON and bundles of natspike are told by their content."
            onDone={(upload) => add(`upload:${upload.id}`)}
          />
        ) : null}
        {way === "aws" ? <FromAws onAdd={add} /> : null}
      </Tabs>
    </section>
  );
}

function Taken({
  sources,
  onRemove,
}: {
  sources: readonly string[];
  onRemove: (one: string) => void;
}) {
  if (sources.length === 0) {
    return (
      <p class="hint">Nothing is taken yet. Take files, upload some, or name a source in AWS.</p>
    );
  }
  return (
    <ul class="taken" aria-label="What is taken">
      {sources.map((source) => (
        <li key={source}>
          <SourceName source={source} />
          <button
            type="button"
            class="button button-small button-quiet"
            aria-label={`Leave out ${source}`}
            onClick={() => onRemove(source)}
          >
            <Icon name="close" size={12} />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** A source as a user knows it: an upload by the name of its file. */
export function SourceName({ source }: { source: string }) {
  const id = kindOf(source) === "upload" ? source.slice("upload:".length) : null;
  const upload = uploads.value?.find((one) => one.id === id);
  return upload ? (
    <span title={source}>
      {upload.name} <span class="hint">uploaded</span>
    </span>
  ) : (
    <code class="source">{source}</code>
  );
}

function FromAws({ onAdd }: { onAdd: (source: string) => void }) {
  const [typed, setTyped] = useState("");
  const [error, setError] = useState<string | null>(null);
  const add = () => {
    const trouble = sourceTrouble(typed);
    setError(trouble);
    if (!trouble) {
      onAdd(typed.trim());
      setTyped("");
    }
  };
  const hasAws = session.value?.has_aws !== false;
  const hint = hasAws
    ? "s3://bucket/prefix, logs://GROUP, or a path below the roots. AWS is asked when it is read."
    : "This natspike was built without AWS; only paths below the roots can be read.";
  return (
    <form
      class="from-aws"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <Field label="Source" hint={hint} error={error}>
        {(ids) => (
          <div class="with-button">
            <input
              {...ids}
              type="text"
              spellcheck={false}
              autocomplete="off"
              placeholder="s3://bucket/AWSLogs/ or logs:///vpc/flow-logs"
              value={typed}
              onInput={(event) => {
                setError(null);
                setTyped(event.currentTarget.value);
              }}
            />
            <button type="submit" class="button">
              Add
            </button>
          </div>
        )}
      </Field>
    </form>
  );
}

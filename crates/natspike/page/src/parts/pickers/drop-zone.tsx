/**
 * A place where files are dropped or picked, and sent to the server.
 *
 * **Invariants.** What is larger than the server takes is refused before it is sent;
 * a file that fails stays with its reason until it is dismissed.
 */
import { signal, useSignal } from "@preact/signals";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { api, isAborted, Problem } from "../../api/client.ts";
import type { Upload } from "../../api/types.ts";
import { bytes, exactBytes } from "../../format/bytes.ts";
import { announce, session } from "../../state/session.ts";
import { Icon } from "../icon.tsx";
import { addUpload } from "./uploads.ts";

export interface DropZoneProps {
  kind: Upload["kind"];
  /** What is dropped here: "flow logs". */
  what: string;
  onDone: (upload: Upload) => void;
  /** Beside the limit, in the same line. */
  hint?: string;
}

interface Sending {
  key: number;
  name: string;
  part: number;
  problem?: Problem;
  abort: AbortController;
}

const lastKey = signal(0);

export function DropZone({ kind, what, onDone, hint }: DropZoneProps) {
  const id = useId();
  const [isOver, setOver] = useState(false);
  const sending = useSignal<readonly Sending[]>([]);
  const input = useRef<HTMLInputElement>(null);
  const limit = session.value?.max_upload_bytes;
  // What is under way when the view goes is not wanted any more.
  useEffect(
    () => () => {
      for (const one of sending.peek()) {
        one.abort.abort();
      }
    },
    [],
  );

  const change = (key: number, changes: Partial<Sending>) => {
    sending.value = sending.value.map((one) => (one.key === key ? { ...one, ...changes } : one));
  };
  const drop = (key: number) => {
    sending.value = sending.value.filter((one) => one.key !== key);
  };
  const send = async (file: File) => {
    lastKey.value += 1;
    const [key, abort] = [lastKey.value, new AbortController()];
    sending.value = [...sending.value, { key, name: file.name, part: 0, abort }];
    const problem = tooLarge(file, limit);
    if (problem) {
      change(key, { problem });
      return;
    }
    try {
      const options = { signal: abort.signal };
      const done = await api.upload(file, kind, (part) => change(key, { part }), options);
      drop(key);
      addUpload(done);
      announce(`${file.name} is uploaded.`);
      onDone(done);
    } catch (cause) {
      if (isAborted(cause)) {
        drop(key);
      } else {
        change(key, { problem: Problem.of(cause) });
      }
    }
  };
  const sendAll = (files: FileList | null | undefined) => {
    for (const file of files ?? []) {
      void send(file);
    }
  };
  return (
    <div class="upload">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the field in it does the same. */}
      <div
        class={isOver ? "drop drop-over" : "drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          sendAll(event.dataTransfer?.files);
        }}
      >
        <Icon name="upload" size={20} />
        <label for={id}>{`Drop ${what} here, or pick them`}</label>
        <input
          id={id}
          ref={input}
          type="file"
          multiple
          aria-describedby={`${id}-hint`}
          onChange={(event) => {
            sendAll(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
        <p class="hint" id={`${id}-hint`}>
          {hint ? `${hint} ` : ""}
          {limit === undefined ? "" : `At most ${bytes(limit)} each. `}
          The server keeps them in a private folder until it ends.
        </p>
      </div>
      {sending.value.map((one) => (
        <SendingRow key={one.key} one={one} onDismiss={() => drop(one.key)} />
      ))}
    </div>
  );
}

function SendingRow({ one, onDismiss }: { one: Sending; onDismiss: () => void }) {
  const percent = Math.floor(one.part * 100);
  if (one.problem) {
    return (
      <div class="sending sending-failed" role="alert">
        <Icon name="error" />
        <span>
          <strong>{one.name}</strong> {one.problem.detail}
        </span>
        <button type="button" class="button button-small" onClick={onDismiss}>
          Dismiss
        </button>
      </div>
    );
  }
  return (
    <div class="sending">
      <span>{one.name}</span>
      <progress max={100} value={percent} aria-label={`Upload of ${one.name}`} />
      <span class="hint">{percent} %</span>
      <button type="button" class="button button-small" onClick={() => one.abort.abort()}>
        Cancel
      </button>
    </div>
  );
}

function tooLarge(file: File, limit: number | undefined): Problem | undefined {
  return limit !== undefined && file.size > limit
    ? new Problem({
        title: "The file is too large",
        detail: `has ${exactBytes(file.size)}; the server takes at most ${exactBytes(limit)}. Start natspike serve with its path, and take it under Files.`,
        name: "UploadTooLarge",
      })
    : undefined;
}

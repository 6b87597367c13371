/**
 * Lists of prefixes for cidr-connections: uploaded in place, read by the server at once.
 *
 * **Invariants.** What a list has the server says; one that it has not any more is said
 * and can be taken away.
 */
import { useEffect } from "preact/hooks";
import { integer } from "../../format/bytes.ts";
import { Icon } from "../../parts/icon.tsx";
import { DropZone } from "../../parts/pickers/drop-zone.tsx";
import { loadUploads, removeUpload, uploads } from "../../parts/pickers/uploads.ts";

export interface CidrListsProps {
  ids: readonly string[];
  onChange: (ids: string[]) => void;
}

export function CidrLists({ ids, onChange }: CidrListsProps) {
  useEffect(() => {
    if (uploads.peek() === undefined) {
      loadUploads().catch(() => {});
    }
  }, []);
  const remove = (id: string) => {
    onChange(ids.filter((one) => one !== id));
    // It may be gone already, and then nothing is left to remove.
    removeUpload(id).catch(() => {});
  };
  return (
    <div class="stack">
      <DropZone
        kind="cidr-list"
        what="lists of prefixes"
        hint="JSON with subnets, CSV, or a prefix on each line; AWS's own prefixes count always."
        onDone={(upload) => onChange([...ids, upload.id])}
      />
      {ids.length > 0 ? (
        <ul class="taken" aria-label="Lists of prefixes">
          {ids.map((id) => (
            <List key={id} id={id} onRemove={() => remove(id)} />
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function List({ id, onRemove }: { id: string; onRemove: () => void }) {
  const upload = uploads.value?.find((one) => one.id === id);
  const isGone = uploads.value !== undefined && !upload;
  const many = upload?.prefixes;
  return (
    <li>
      <span>
        {upload?.name ?? id}{" "}
        {isGone ? (
          <span class="field-error">The server has it no more; upload it again.</span>
        ) : (
          <span class="hint">
            {many === undefined ? "" : `${integer(many)} ${many === 1 ? "prefix" : "prefixes"}`}
          </span>
        )}
      </span>
      <button
        type="button"
        class="button button-small button-quiet"
        aria-label={`Remove the list ${upload?.name ?? id}`}
        onClick={onRemove}
      >
        <Icon name="close" size={12} />
      </button>
    </li>
  );
}

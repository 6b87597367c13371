/**
 * The files that were uploaded to the server, for their names.
 *
 * **Invariants.** The server keeps them until it ends; one that it has not any more has
 * no name here, and whoever reads it says so.
 */
import { signal } from "@preact/signals";
import { api } from "../../api/client.ts";
import type { Upload } from "../../api/types.ts";

/** Undefined until it is known. */
export const uploads = signal<readonly Upload[] | undefined>(undefined);

/** Asks the server for them. */
export async function loadUploads(): Promise<void> {
  const answer = await api.get<{ uploads: Upload[] }>("/uploads");
  uploads.value = answer.uploads;
}

/** Adds one that was sent. */
export function addUpload(upload: Upload): void {
  uploads.value = [...(uploads.value ?? []).filter((one) => one.id !== upload.id), upload];
}

/** Forgets one, here and at the server. */
export async function removeUpload(id: string): Promise<void> {
  await api.remove(`/uploads/${encodeURIComponent(id)}`);
  uploads.value = uploads.value?.filter((one) => one.id !== id);
}

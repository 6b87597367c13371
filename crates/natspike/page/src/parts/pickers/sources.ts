/**
 * Sources of flow logs as the server takes them: paths, s3://, logs://, uploads and
 * recordings.
 *
 * **Invariants.** Only the form is looked at here; whether a source is there, and may
 * be read, the server says.
 */

/** What a source is, by its form. */
export type SourceKind = "path" | "s3" | "logs" | "upload" | "recording";

/** What a source is, by its form. */
export function kindOf(source: string): SourceKind {
  const scheme = /^(s3|logs|upload|recording):/.exec(source)?.[1];
  return (scheme as SourceKind | undefined) ?? "path";
}

/** Why the text can be no source, in a sentence that says what to write; or nothing. */
export function sourceTrouble(text: string): string | null {
  const source = text.trim();
  if (source === "") {
    return "Write a source: a path, s3://bucket/prefix or logs://GROUP.";
  }
  if (/^s3:/i.test(source)) {
    return /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.*)?$/.test(source)
      ? null
      : "An S3 source is s3://bucket/prefix; the bucket has lower-case letters, digits, hyphens and dots.";
  }
  if (/^logs:/i.test(source)) {
    return /^logs:\/\/[A-Za-z0-9_\-/.#]{1,512}$/.test(source)
      ? null
      : "A log group is logs://GROUP, such as logs:///vpc/flow-logs.";
  }
  const other = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source);
  return other
    ? `${other[1]}:// cannot be read; write a path, s3://bucket/prefix or logs://GROUP.`
    : null;
}

/** Whether AWS is asked for it, so that a profile and a region matter. */
export function needsAws(source: string): boolean {
  return ["s3", "logs", "recording"].includes(kindOf(source));
}

/** The values of a text that has several: addresses, networks, ids. */
export function listOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter(Boolean);
}

/**
 * A report's sources as a heading: the name large, where it is small.
 *
 * **Invariants.** Both together are all of the source; of several sources the
 * names are joined.
 */

export interface Heading {
  name: string;
  /** Where it is; undefined where the name says all. */
  place: string | undefined;
}

/** The heading of one source or of several; `title` is the server's. */
export function headingOf(sources: readonly string[], title: string | undefined): Heading {
  const [only] = sources;
  if (only === undefined || sources.length > 1) {
    return several(sources, title);
  }
  if (only.startsWith("upload:")) {
    return { name: title ?? only, place: "uploaded" };
  }
  if (only.startsWith("recording:")) {
    return { name: only.slice("recording:".length), place: "recording of the stack" };
  }
  const bucket = /^s3:\/\/([^/]+)\/(.+)$/.exec(only);
  if (bucket?.[1] && bucket[2]) {
    return { name: `s3://${bucket[1]}`, place: bucket[2] };
  }
  return ofPath(only) ?? { name: title ?? only, place: undefined };
}

function ofPath(source: string): Heading | undefined {
  const path = source.replace(/(.)\/+$/, "$1");
  const found = /^(\/(?:.*\/)?)([^/]+)$/.exec(path);
  return found?.[1] && found[2] ? { name: found[2], place: found[1] } : undefined;
}

function several(sources: readonly string[], title: string | undefined): Heading {
  const paths = sources.map(ofPath);
  const names = paths.flatMap((path) => (path ? [path.name] : []));
  const places = new Set(paths.map((path) => path?.place));
  return names.length === sources.length && places.size === 1
    ? { name: names.join(", "), place: [...places][0] }
    : { name: title ?? sources.join(", "), place: undefined };
}

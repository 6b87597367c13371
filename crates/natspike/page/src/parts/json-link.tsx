/** A link to what the API says of what is shown. */
import { BASE } from "../api/client.ts";

export interface JsonLinkProps {
  /** Below the API's root. */
  path: string;
  /** What it is of. */
  of: string;
}

export function JsonLink({ path, of }: JsonLinkProps) {
  return (
    <a class="button button-small" href={`${BASE}${path}`} aria-label={`JSON of ${of}`}>
      JSON
    </a>
  );
}

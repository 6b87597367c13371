/** The view of one query that was run, by its id. */
import { rest } from "../../state/location.ts";

export function QueryView() {
  return <h1>Query {rest.value}</h1>;
}

/**
 * Changes of the address by the fields of one view.
 *
 * **Invariants.** A field is left, too, when its view goes and takes it along: that
 * changes nothing in the address of the view that comes.
 */
import { type Changes, route, setParams } from "../../state/location.ts";

/** What fields of the view call; each change takes the place of the one before. */
export function changesOf(view: string): (changes: Changes) => void {
  return (changes) => {
    if (route.value === view) {
      setParams(changes, { replace: true });
    }
  };
}

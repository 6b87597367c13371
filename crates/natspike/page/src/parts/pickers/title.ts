/**
 * The title of the window while a view shows something that has a name.
 */
import { useEffect } from "preact/hooks";
import { shownTitle } from "../../state/session.ts";

export function useTitle(title: string): void {
  useEffect(() => {
    shownTitle.value = title;
    return () => {
      shownTitle.value = undefined;
    };
  }, [title]);
}

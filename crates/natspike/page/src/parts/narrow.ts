/** Whether the window is narrow, as state of a component; the style sheets' 700 pixels. */
import { useEffect, useState } from "preact/hooks";

const NARROW = "(max-width: 700px)";

export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const media = matchMedia(NARROW);
    const change = () => setNarrow(media.matches);
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, []);
  return isNarrow;
}

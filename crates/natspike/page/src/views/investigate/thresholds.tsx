/**
 * The thresholds of rules, folded, each with its default.
 *
 * **Invariants.** An empty field is the default; names, meanings and defaults are the
 * server's.
 */
import type { Session } from "../../api/types.ts";
import { integer } from "../../format/bytes.ts";
import { wholeTrouble } from "../../parts/pickers/checks.ts";
import { TextField } from "../../parts/pickers/text-field.tsx";

export interface ThresholdsProps {
  thresholds: Session["thresholds"];
  values: Record<string, number>;
  onChange: (name: string, value: string) => void;
}

export function Thresholds({ thresholds, values, onChange }: ThresholdsProps) {
  const changed = Object.keys(values).length;
  return (
    <details class="fold">
      <summary>
        Thresholds of rules
        {changed > 0 ? <span class="badge badge-warn">{`${changed} changed`}</span> : null}
      </summary>
      <div class="fields">
        {thresholds.map((one) => (
          <TextField
            key={one.name}
            label={<span class="mono">{one.name}</span>}
            value={values[one.name] === undefined ? "" : String(values[one.name])}
            inputMode="numeric"
            placeholder={one.default === null ? "found by the rule" : integer(one.default)}
            hint={one.about}
            trouble={wholeTrouble}
            onChange={(value) => onChange(one.name, value)}
          />
        ))}
      </div>
    </details>
  );
}

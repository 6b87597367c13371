/**
 * The choice of analyses: all of them, or several by name.
 *
 * **Invariants.** No name chosen means all; names and summaries are the server's.
 */
import { useState } from "preact/hooks";
import type { Session } from "../../api/types.ts";

type Analysis = Session["analyses"][number];

export interface AnalysesProps {
  analyses: readonly Analysis[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

export function Analyses({ analyses, chosen, onChange }: AnalysesProps) {
  const [sought, setSought] = useState("");
  const isAll = chosen.length === 0;
  const fits = (one: Analysis) =>
    `${one.name} ${one.summary}`.toLowerCase().includes(sought.trim().toLowerCase());
  const toggle = (name: string) =>
    onChange(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  const groups = [
    { title: "Questions", of: analyses.filter((one) => !one.is_rule && fits(one)) },
    { title: "Rules of what is strange", of: analyses.filter((one) => one.is_rule && fits(one)) },
  ];
  return (
    <div class="analyses">
      <div class="analyses-head">
        <span>
          <button
            type="button"
            class="button button-small"
            aria-pressed={isAll}
            onClick={() => onChange([])}
          >
            All analyses
          </button>{" "}
          <span class="hint">
            {isAll ? "One pass over the records answers all." : `${chosen.length} chosen`}
          </span>
        </span>
        <input
          type="search"
          aria-label="Search the analyses"
          placeholder="Search the analyses"
          value={sought}
          onInput={(event) => setSought(event.currentTarget.value)}
        />
      </div>
      {groups.map((group) => (
        <fieldset key={group.title} hidden={group.of.length === 0}>
          <legend>{group.title}</legend>
          <ul class="analyses-list">
            {group.of.map((one) => (
              <li key={one.name}>
                <label class="check">
                  <input
                    type="checkbox"
                    checked={chosen.includes(one.name)}
                    onChange={() => toggle(one.name)}
                  />
                  <span>
                    <span class="mono">{one.name}</span>
                    <span class="hint">{one.summary}</span>
                  </span>
                </label>
              </li>
            ))}
          </ul>
        </fieldset>
      ))}
      {groups.every((group) => group.of.length === 0) ? (
        <p class="hint">No analysis has that in its name or summary.</p>
      ) : null}
    </div>
  );
}

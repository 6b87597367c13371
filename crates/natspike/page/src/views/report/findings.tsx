/** What there is to do: each finding with its evidence, saving and commands. */
import type { Finding } from "../../api/types.ts";
import { money } from "../../format/money.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Empty } from "../../parts/notice.tsx";

export interface FindingsProps {
  findings: Finding[];
  currency: string;
}

const LANGUAGES: Record<string, string> = {
  aws: "AWS CLI",
  cloudformation: "CloudFormation",
  terraform: "Terraform",
  sql: "SQL",
};

export function Findings({ findings, currency }: FindingsProps) {
  if (findings.length === 0) {
    return (
      <Empty title="Nothing was found that should be changed">
        Look at the tables for who moves the bytes, or widen the window.
      </Empty>
    );
  }
  return (
    <ol class="findings">
      {findings.map((finding) => (
        <li key={finding.name}>
          <One finding={finding} currency={currency} />
        </li>
      ))}
    </ol>
  );
}

function One({ finding, currency }: { finding: Finding; currency: string }) {
  return (
    <article class="finding" aria-label={finding.name}>
      <p class="finding-sentence">{finding.sentence}</p>
      <div class="finding-marks">
        <Saving finding={finding} currency={currency} />
        <span class={`badge ${finding.confidence === "high" ? "" : "badge-warn"}`}>
          confidence {finding.confidence}
        </span>
        <code class="hint">{finding.name}</code>
      </div>
      <ul class="evidence">
        {finding.evidence.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <Actions finding={finding} />
    </article>
  );
}

function Saving({ finding, currency }: { finding: Finding; currency: string }) {
  const { saving } = finding;
  if (!saving) {
    return <span class="badge">no saving is said</span>;
  }
  return (
    <>
      {saving.hourly === null ? null : (
        <span class="badge badge-good">saves {money(saving.hourly, currency)} an hour</span>
      )}
      {saving.monthly === null ? null : (
        <span class="badge badge-good">{money(saving.monthly, currency)} a month</span>
      )}
    </>
  );
}

/** Commands as they are, templates folded. */
function Actions({ finding }: { finding: Finding }) {
  const isTemplate = ({ language }: { language: string }) =>
    language === "cloudformation" || language === "terraform";
  const templates = finding.actions.filter(isTemplate);
  return (
    <>
      {finding.actions
        .filter((action) => !isTemplate(action))
        .map((action) => (
          <Command key={action.text} action={action} />
        ))}
      {templates.map((action) => (
        <details key={action.language} class="template">
          <summary>As {LANGUAGES[action.language] ?? action.language}</summary>
          <Command action={action} />
        </details>
      ))}
    </>
  );
}

function Command({ action }: { action: { language: string; text: string } }) {
  const language = LANGUAGES[action.language] ?? action.language;
  return (
    <div class="command">
      <pre tabIndex={0} role="group" aria-label={`${language} command`}>
        {action.text}
      </pre>
      <CopyButton text={action.text} what={`as ${language}`} word={false} />
    </div>
  );
}

/** The findings in short, for the overview. */
export function FindingsInShort({ findings, currency, href }: FindingsProps & { href: string }) {
  if (findings.length === 0) {
    return <p class="hint">Nothing was found that should be changed.</p>;
  }
  return (
    <ol class="short">
      {findings.map((finding) => (
        <li key={finding.name}>
          <p>{finding.sentence}</p>
          <div class="finding-marks">
            {finding.saving?.hourly === null || !finding.saving ? null : (
              <span class="badge badge-good">
                saves {money(finding.saving.hourly, currency)} an hour
              </span>
            )}
            <span class={`badge ${finding.confidence === "high" ? "" : "badge-warn"}`}>
              confidence {finding.confidence}
            </span>
          </div>
        </li>
      ))}
      <li class="short-more">
        <a href={href}>Evidence and commands</a>
      </li>
    </ol>
  );
}

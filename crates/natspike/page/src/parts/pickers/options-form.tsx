/**
 * The fields of how sources are read: filter, times, region, profile and what the
 * records do not say.
 *
 * **Invariants.** The options are the caller's; a change is handed over whole.
 */
import { useId } from "preact/hooks";
import type { ReadOptions } from "../../api/types.ts";
import { session } from "../../state/session.ts";
import { FilterBox } from "../filter-box.tsx";
import { addressTrouble, rateTrouble } from "./checks.ts";
import { Combo } from "./combo.tsx";
import { TextField } from "./text-field.tsx";
import { Span } from "./time.tsx";
import { Values } from "./values.tsx";

export interface OptionsFormProps {
  options: ReadOptions;
  onChange: (changes: Partial<Record<keyof ReadOptions, string | string[] | null>>) => void;
  /** What the filter box is called. */
  filterLabel?: string;
}

/** Filter and times: which records count. */
export function RecordFields({ options, onChange, filterLabel }: OptionsFormProps) {
  return (
    <>
      <FilterBox
        label={filterLabel ?? "Only records with"}
        value={options.where ?? ""}
        onApply={(where) => onChange({ where })}
        onLeave={(where) => onChange({ where })}
      />
      <Span
        since={options.since ?? ""}
        until={options.until ?? ""}
        onChange={(since, until) => onChange({ since, until })}
      />
    </>
  );
}

/** Region and profile: of what and as whom AWS is asked. */
export function AwsFields({ options, onChange }: OptionsFormProps) {
  const known = session.value;
  const regions = (known?.regions ?? []).map((one) => ({
    value: one.code,
    about: one.name ?? (one.has_price ? "its price ships" : "its price is asked for"),
  }));
  const profiles = (known?.profiles ?? []).map((value) => ({ value }));
  return (
    <div class="fields">
      <Values
        label="Regions"
        values={options.region ?? []}
        choices={regions}
        placeholder={known?.default_region ?? "eu-west-1"}
        hint="Prices are the region's. Of flow logs in AWS only these are read. None: that of the flow logs."
        onChange={(region) => onChange({ region })}
      />
      {known?.has_aws === false ? null : (
        <Combo
          label="AWS profile"
          value={options.profile ?? ""}
          choices={profiles}
          placeholder={known?.default_profile ?? "as the environment says"}
          hint="Of the AWS configuration files; it signs in when AWS is asked."
          onChange={(profile) => onChange({ profile })}
        />
      )}
    </div>
  );
}

/** What the records do not say, folded: gateway, layout, price. */
export function GatewayFields({ options, onChange }: OptionsFormProps) {
  const id = useId();
  const { nat_address, interface: one, format, nat_rate } = options;
  const isUsed = Boolean(nat_address?.length || one || format || nat_rate);
  return (
    <details class="fold" open={isUsed}>
      <summary>Gateway, log format and price</summary>
      <div class="fields">
        <Values
          label="NAT gateway addresses"
          values={nat_address ?? []}
          placeholder="10.0.0.220"
          hint="Private addresses of the gateway. None: they are found in the records."
          trouble={addressTrouble}
          onChange={(values) => onChange({ nat_address: values })}
        />
        <TextField
          label="Interface"
          value={one ?? ""}
          placeholder="eni-0123456789abcdef0"
          hint="Only records of this network interface."
          onChange={(value) => onChange({ interface: value })}
        />
        <TextField
          label="USD for a gigabyte"
          value={nat_rate ?? ""}
          inputMode="decimal"
          placeholder="the list price of the region"
          hint="NAT processing, where yours is not the list price."
          trouble={rateTrouble}
          onChange={(value) => onChange({ nat_rate: value })}
        />
      </div>
      <div class="field">
        <label for={id}>Log format</label>
        <textarea
          id={id}
          rows={2}
          spellcheck={false}
          aria-describedby={`${id}-hint`}
          // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the form of AWS, no template.
          placeholder={"${srcaddr} ${dstaddr} ${bytes} ${start} ${end} ${interface-id}"}
          value={format ?? ""}
          onChange={(event) => onChange({ format: event.currentTarget.value.trim() })}
        />
        <p class="hint" id={`${id}-hint`}>
          Of files without a header, as CreateFlowLogs takes it. None: it is told by the content.
        </p>
      </div>
    </details>
  );
}

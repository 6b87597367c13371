/**
 * The shell: header, navigation, theme, and the view that the address names.
 *
 * **Invariants.** A view knows nothing of another; the address joins them.
 */
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { zone } from "./format/time.ts";
import { Boundary } from "./parts/boundary.tsx";
import { Icon } from "./parts/icon.tsx";
import { Notice, Problem } from "./parts/notice.tsx";
import { href, route } from "./state/location.ts";
import { announcement, loadSession, session, sessionProblem, shownTitle } from "./state/session.ts";
import { localTime, type Theme, theme } from "./state/theme.ts";
import { CompareView } from "./views/compare/index.tsx";
import { InvestigateView } from "./views/investigate/index.tsx";
import { LiveView } from "./views/live/index.tsx";
import { OpenView } from "./views/open/index.tsx";
import { QueryView } from "./views/query/index.tsx";
import { RecordingsView } from "./views/recordings/index.tsx";
import { ReportView } from "./views/report/index.tsx";

interface View {
  name: string;
  title: string;
  view: ComponentType;
  /** Not in the navigation: one gets there by opening something. */
  isHidden?: boolean;
}

const VIEWS: View[] = [
  { name: "", title: "Recordings", view: RecordingsView },
  { name: "open", title: "Open", view: OpenView },
  { name: "report", title: "Report", view: ReportView, isHidden: true },
  { name: "investigate", title: "Investigate", view: InvestigateView },
  { name: "query", title: "Query", view: QueryView, isHidden: true },
  { name: "compare", title: "Compare", view: CompareView },
  { name: "live", title: "Live", view: LiveView },
];

export function App() {
  useEffect(() => {
    void loadSession();
  }, []);
  const current = VIEWS.find((view) => view.name === route.value);
  const title = shownTitle.value ?? current?.title ?? "Not found";
  useEffect(() => {
    document.title = `${title} · natspike`;
  }, [title]);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
    } else {
      main.current?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
  }, [route.value]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header current={route.value} />
      <main id="main" ref={main} tabIndex={-1}>
        {sessionProblem.value ? (
          <Problem error={sessionProblem.value} retry={() => void loadSession()} />
        ) : null}
        <Boundary key={route.value}>{current ? <current.view /> : <NotFound />}</Boundary>
      </main>
      <Footer />
      <div class="unseen" role="status" aria-live="polite">
        {announcement.value}
      </div>
    </>
  );
}

function Header({ current }: { current: string }) {
  return (
    <header class="top">
      <a class="brand" href={href("")}>
        <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
          <path d="M3 23h7l3-5 4-13 4 18h8" />
        </svg>
        natspike
      </a>
      <nav class="nav" aria-label="Views">
        {VIEWS.filter((view) => !view.isHidden).map((view) => (
          <a
            key={view.name}
            href={href(view.name)}
            aria-current={view.name === current ? "page" : undefined}
          >
            {view.title}
          </a>
        ))}
      </nav>
      <div class="top-end">
        <button
          type="button"
          class="button button-small button-quiet"
          aria-pressed={localTime.value}
          title={localTime.value ? "Times are local; show UTC" : "Times are UTC; show local time"}
          onClick={() => {
            localTime.value = !localTime.value;
          }}
        >
          <Icon name="clock" /> {zone(localTime.value)}
        </button>
        <ThemeSwitch />
      </div>
    </header>
  );
}

const THEMES: { name: Theme; label: string; icon: "light" | "dark" | "system" }[] = [
  { name: "light", label: "Light", icon: "light" },
  { name: "dark", label: "Dark", icon: "dark" },
  { name: "system", label: "As the system", icon: "system" },
];

function ThemeSwitch() {
  return (
    <fieldset class="switch">
      <legend class="unseen">Theme</legend>
      {THEMES.map((one) => (
        <label key={one.name} title={one.label}>
          <input
            type="radio"
            name="theme"
            value={one.name}
            checked={theme.value === one.name}
            onChange={() => {
              theme.value = one.name;
            }}
          />
          <Icon name={one.icon} />
          <span class="unseen">{one.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Footer() {
  const known = session.value;
  return (
    <footer class="foot">
      {known ? (
        <>
          <span>natspike {known.version}</span>
          <span>{known.stack ? `stack ${known.stack}` : "no stack"}</span>
          <span>{known.has_aws ? "AWS is asked when you ask" : "without AWS"}</span>
          <a href="/api/v1/openapi.json">API</a>
        </>
      ) : null}
    </footer>
  );
}

function NotFound() {
  return (
    <>
      <h1>Not found</h1>
      <Notice kind="warning" title="There is no such view.">
        <p>
          <a href={href("")}>Go to the recordings</a>
        </p>
      </Notice>
    </>
  );
}

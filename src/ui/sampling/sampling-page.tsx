import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { SamplingAnswer } from "../../api/contract.ts";
import { formatSome } from "../format.ts";
import { NotRead, Waiting } from "../shell/nothing.tsx";
import { go } from "../shell/place.ts";
import { useLoad } from "../use-load.ts";
import { Ledger, Pins } from "./ledger.tsx";
import { loadSampling, loadTried } from "./sampling-load.ts";
import { samplingHref, type SamplingQuery, triedTimes } from "./sampling-route.ts";
import { TriedTable } from "./tried-table.tsx";

const REFRESH_MS = 30_000;

/** Which traces are worth keeping: the policies in force, others to try, and what was done so far. */
export default function SamplingPage({ query }: { query: SamplingQuery }) {
  const tries = useSignal(0);
  const { state } = useLoad(loadSampling, { query, inputs: [], everyMs: REFRESH_MS, tries });
  useEffect(() => {
    document.title = "Sampling – Clew";
  }, []);
  const load = state.value;
  if (load.kind !== "ready") {
    return (
      <main>
        {load.kind === "loading" ? (
          <Waiting what="policies" />
        ) : (
          <NotRead what="What is kept" message={load.message} onRetry={() => tries.value++} />
        )}
      </main>
    );
  }
  const { sampling, pinned } = load.value;
  return (
    <main class="explore system sampling">
      <h1 class="hidden">Sampling</h1>
      <div class="filters">
        <Times query={query} />
      </div>
      <InForce sampling={sampling} query={query} />
      <Trial key={query.policies} sampling={sampling} query={query} />
      <Ledger sampling={sampling} />
      <Pins pinned={pinned} onChange={() => tries.value++} />
    </main>
  );
}

function Times({ query }: { query: SamplingQuery }) {
  return (
    <div class="labelled">
      <span>Tried on the spans of the last</span>
      <div class="segments">
        {triedTimes.map(([seconds, name]) => (
          <button
            key={seconds}
            type="button"
            aria-pressed={query.sinceSeconds === seconds}
            onClick={() => go(samplingHref({ ...query, sinceSeconds: seconds }))}
          >
            {name}
          </button>
        ))}
      </div>
    </div>
  );
}

interface PartProps {
  readonly sampling: SamplingAnswer;
  readonly query: SamplingQuery;
}

/** The policies as the server has them, with what they would do to the newest spans. */
function InForce({ sampling: { inForce, fullHours }, query: { sinceSeconds } }: PartProps) {
  const tries = useSignal(0);
  const isUsable = inForce !== null && inForce.problem === undefined;
  const policies = isUsable ? inForce.text : undefined;
  const { state, isStale } = useLoad(loadTried, {
    query: { policies, sinceSeconds },
    inputs: [policies, sinceSeconds],
    everyMs: undefined,
    tries,
  });
  if (inForce === null) {
    return (
      <section>
        <h2>In force</h2>
        <p>Everything is kept, for as long as the retention says.</p>
        <p class="soft">
          To keep less, write policies to a file and name it in sampling.policyFile. Try them below
          first.
        </p>
      </section>
    );
  }
  return (
    <section>
      <h2>In force</h2>
      <p class="soft">
        From <code>{inForce.file}</code>. A day is thinned by them {formatSome(fullHours, "hour")}{" "}
        after its end; until then everything is there. The first policy whose filter a trace answers
        decides about it.
      </p>
      {inForce.problem === undefined ? (
        <TriedTable
          name="Policies in force"
          load={state.value}
          isStale={isStale}
          policies={inForce.policies}
        />
      ) : (
        <pre class="error problem-text" role="alert">
          {inForce.problem}
        </pre>
      )}
      <details>
        <summary class="link">The file</summary>
        <pre class="policy-text" tabIndex={0} aria-label="The policy file">
          {inForce.text}
        </pre>
      </details>
    </section>
  );
}

const EXAMPLE = `policies:
  - name: errors
    match: "{ status = error }"
    keep: always
  - name: slow
    match: "{ trace:duration > 500ms }"
    keep: always
default: 10%
`;

/** Other policies, tried without changing anything. */
function Trial({ sampling: { inForce }, query }: PartProps) {
  const { sinceSeconds } = query;
  const text = useSignal(query.policies || inForce?.text || EXAMPLE);
  const tries = useSignal(0);
  const { state, isStale } = useLoad(loadTried, {
    query: { policies: query.policies === "" ? undefined : query.policies, sinceSeconds },
    inputs: [query.policies, sinceSeconds],
    everyMs: undefined,
    tries,
  });
  const submit = (): void => {
    if (text.value === query.policies) tries.value++;
    else go(samplingHref({ ...query, policies: text.value }));
  };
  return (
    <section class="trial">
      <h2>Try others</h2>
      <p class="soft">Nothing is changed by it: Clew judges the spans it has.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <textarea
          class="field mono"
          aria-label="Policies to try, as YAML"
          rows={Math.min(24, text.value.split("\n").length + 1)}
          spellcheck={false}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
          }}
        />
        <div class="trial-actions">
          <button type="submit" class="button" title="Ctrl+Enter">
            Try
          </button>
          {query.policies !== "" && (
            <a href={samplingHref({ ...query, policies: "" })}>
              {inForce === null ? "Start again" : "Back to those in force"}
            </a>
          )}
        </div>
      </form>
      {query.policies !== "" && (
        <TriedTable name="Policies tried" load={state.value} isStale={isStale} policies={[]} />
      )}
    </section>
  );
}

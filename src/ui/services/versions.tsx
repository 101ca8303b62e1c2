import type { VersionsAnswer } from "../../api/contract.ts";
import type { TimeMark } from "../explore/time-axis.tsx";
import { formatClock } from "../explore/time-range.ts";
import { formatInstant } from "../format.ts";
import { localOffset } from "../local-time.ts";

const SHOWN = 8;

/** When new versions came, for charts. */
export function versionMarks(answer: VersionsAnswer | undefined): TimeMark[] {
  const news = (answer?.versions ?? []).filter(({ isNew }) => isNew).slice(-SHOWN);
  return news.map(({ version, firstSeconds }) => ({ at: firstSeconds, label: version }));
}

/** The versions in a line, the newest first; nothing if there was never more than one. */
export function Versions({ answer, utc }: { answer: VersionsAnswer | undefined; utc: boolean }) {
  const versions = answer?.versions ?? [];
  if (versions.length === 0) return null;
  const shown = versions.toReversed().slice(0, SHOWN);
  return (
    <p class="versions">
      <span class="soft">{versions.length === 1 ? "Version" : "Versions"}</span>
      {shown.map(({ version, firstSeconds, isNew }) => {
        const offset = utc ? 0 : localOffset(firstSeconds * 1000);
        const title = formatInstant(`${firstSeconds}000000000`, offset);
        return (
          <span key={version} title={isNew ? `First seen ${title}` : "Was there before"}>
            <code>{version}</code>
            {isNew && <span class="soft"> since {formatClock(firstSeconds, offset)}</span>}
          </span>
        );
      })}
      {versions.length > SHOWN && <span class="soft">and {versions.length - SHOWN} more</span>}
    </p>
  );
}

/** A configuration as text: what is in force, and what could be set. */
import { stringify } from "yaml";
import { type Config, defaultConfig, type Leaf, leaves } from "./config.ts";
import type { LoadedConfig, Source } from "./load-config.ts";
import { formatBytes } from "../base/byte-size.ts";

const HIDDEN = "(hidden)";

type Described = Pick<LoadedConfig, "config"> & Partial<Pick<LoadedConfig, "sources">>;

/**
 * What is in force, as a YAML file that sets the same again, each value with where it comes from if that
 * is told. What is not set, and secrets, stand there as comments.
 */
export function describeConfig({ config, sources }: Described): string {
  const lines: string[] = [];
  let open: readonly string[] = [];
  for (const leaf of leaves) {
    const path = leaf.key.split(".");
    const groups = path.slice(0, -1);
    const name = path.at(-1)!;
    for (const [depth, group] of groups.entries()) {
      if (groups.slice(0, depth + 1).join(".") === open.slice(0, depth + 1).join(".")) continue;
      lines.push(`${"  ".repeat(depth)}${group}:`);
    }
    open = groups;
    const source = sources && sourceText(sources.get(leaf.key) ?? { kind: "default" });
    const comment = source === undefined ? "" : ` # ${source}`;
    lines.push("  ".repeat(groups.length) + settingLine(name, leaf, config, comment));
  }
  return lines.join("\n") + "\n";
}

function settingLine(name: string, leaf: Leaf, config: Config, comment: string): string {
  const value = valueAt(config, leaf.key);
  if (value === undefined) return `# ${name}: not set`;
  if (leaf.setting.secret) return `# ${name}: ${value === "" ? '""' : HIDDEN}${comment}`;
  return `${name}: ${valueText(leaf, value)}${comment}`;
}

function sourceText(source: Source): string {
  switch (source.kind) {
    case "default":
      return "default";
    case "file":
      return `${source.file}:${source.line}`;
    case "variable":
    case "flag":
      return source.name;
  }
}

function valueAt(config: Config, key: string): unknown {
  return key
    .split(".")
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], config);
}

/** A value as YAML on one line. */
function valueText(leaf: Leaf, value: unknown): string {
  if (leaf.setting.kind === "bytes") return formatBytes(Number(value));
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
}

/** docs/configuration.md: every setting with its variable, default and limit. */
export function configReference(): string {
  const parts = leaves.map((leaf) => {
    const { about, expects, whenReached, secret } = leaf.setting;
    const byDefault = valueAt(defaultConfig, leaf.key);
    const shown = byDefault === undefined ? "not set" : `\`${valueText(leaf, byDefault)}\``;
    const facts = [
      `- Default: ${shown}`,
      `- Takes: ${expects}`,
      ...(whenReached === undefined ? [] : [`- When reached: ${whenReached}`]),
      `- Variable: \`${leaf.variable}\``,
      ...(secret ? ["- Never shown by `clew config` nor in the log."] : []),
    ];
    const bullets = facts.flatMap((fact) => wrap(fact, "  "));
    return [`## ${leaf.key}`, "", ...wrap(about, ""), "", ...bullets].join("\n");
  });
  return [REFERENCE_HEAD, ...parts].join("\n\n") + "\n";
}

const REFERENCE_HEAD = `\
# Configuration

<!-- Made by "npx clew config --reference > docs/configuration.md"; change src/server/config.ts instead. -->

Clew runs without any configuration. What it does differently for you comes from, the first winning:

1. flags: \`--data DIR\`, and \`--set KEY=VALUE\` for every key on this page;
2. variables: \`CLEW_OTLP_HTTP_PORT=4318\` for \`otlp.http.port\`; an empty one counts as not set, a list
   is separated by commas;
3. the YAML file that \`--config FILE\` names.

\`\`\`yaml
otlp:
  http:
    port: 4318
retention:
  days: 7
\`\`\`

A key or a variable that does not exist, or a value that is not what its key takes, keeps Clew from
starting, with a message that names the line. \`npx clew config\` (with the same flags) prints what is in
force and where each value comes from.`;

/** Lines of at most 100 columns; all but the first begin with `indent`. */
function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > 100) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

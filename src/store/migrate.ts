// The schema is what the numbered files in migrations/ make of an empty database. Each is applied
// once, in order, and recorded with its checksum. A file may hold templates, so that one text serves
// the embedded engine and a cluster; its statements can be run again (IF NOT EXISTS), because a
// migration that died half-way is.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../base/fault.ts";
import type { StoreClient } from "./client.ts";
import { identifier, programText, quoteIdentifier, sql } from "./sql.ts";

/** What the templates in the files stand for; from the configuration. */
export interface MigrationValues {
  readonly database: string;
  readonly retentionDays: number;
  /** Name of the cluster on which every statement is run; absent for a single server. */
  readonly cluster?: string;
  /** Where replicated tables meet; absent for tables on one server. */
  readonly replication?: {
    /** Path in Keeper, e.g. `/clickhouse/tables/{shard}/{database}/{table}`. */
    readonly path: string;
    /** Name of this replica, e.g. `{replica}`. */
    readonly replica: string;
  };
}

/** One numbered file: its template text and the SHA-256 of it, in hex. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly template: string;
  readonly checksum: string;
}

interface Applied {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

/** The folder of Clew's own migrations. */
export const migrationsDirectory = path.join(import.meta.dirname, "migrations");

/** The migrations in a folder, by version: `0001_spans.sql`, `0002_…`, none left out. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(".sql")).sort();
  return Promise.all(
    files.map(async (file, index) => {
      const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
      assert(match !== null, `not the name of a migration: ${file}`);
      const version = Number(match[1]);
      assert(version === index + 1, `migration ${index + 1} expected, found ${file}`);
      const template = await readFile(path.join(directory, file), "utf8");
      const checksum = createHash("sha256").update(template.replaceAll("\r\n", "\n")).digest("hex");
      return { version, name: match[2]!, template, checksum };
    }),
  );
}

/**
 * Brings the database to the newest of the migrations; gives the versions before and after (0 is an
 * empty database). Throws Fault "unsupported" if the database is newer than they are, or was made by
 * others than they.
 */
export async function migrate(
  client: StoreClient,
  migrations: readonly Migration[],
  values: MigrationValues,
): Promise<{ from: number; to: number }> {
  const run = async (template: string): Promise<void> => {
    for (const statement of splitStatements(fillTemplate(template, values))) {
      await client.command(programText(statement));
    }
  };
  await run(ledgerTemplate);
  const ledger = sql`${identifier(values.database)}.schema_migrations`;
  const applied = await client.query<Applied>(
    sql`SELECT DISTINCT version, name, checksum FROM ${ledger} ORDER BY version`,
  );
  refuseForeign(applied, migrations);
  const from = applied.at(-1)?.version ?? 0;
  for (const { version, name, template, checksum } of migrations.slice(from)) {
    await run(template);
    await client.command(sql`
      INSERT INTO ${ledger} (version, name, checksum)
      SELECT ${{ type: "UInt32", value: version }}, ${{ type: "String", value: name }},
        ${{ type: "String", value: checksum }}`);
  }
  return { from, to: migrations.length };
}

const ledgerTemplate = `
CREATE DATABASE IF NOT EXISTS {{database}} {{on_cluster}};
CREATE TABLE IF NOT EXISTS {{database}}.schema_migrations {{on_cluster}} (
  version UInt32,
  name String,
  checksum String,
  applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{engine}} ORDER BY version;
`;

function refuseForeign(applied: readonly Applied[], migrations: readonly Migration[]): void {
  const newest = applied.at(-1)?.version ?? 0;
  if (newest > migrations.length) {
    throw new Fault(
      "unsupported",
      `the data was written by a newer Clew (schema ${newest}; this one knows ` +
        `${migrations.length}): update Clew, or choose another data folder with --data`,
    );
  }
  for (const { version, name, checksum } of applied) {
    const known = migrations[version - 1]!;
    if (known.checksum === checksum) continue;
    throw new Fault(
      "unsupported",
      `schema ${version} (${name}) of the data is not the one this Clew has (${known.name}, other ` +
        "checksum): the data was written by another build of Clew; use that, or another data " +
        "folder with --data",
    );
  }
}

/**
 * The text with its templates filled in: `{{database}}`, `{{on_cluster}}`, `{{retention_days}}`,
 * `{{engine}}` (MergeTree) and `{{engine:ReplacingMergeTree(version)}}` for another of its family,
 * which become their Replicated siblings if tables are replicated. An unknown name is a bug.
 */
export function fillTemplate(template: string, values: MigrationValues): string {
  return template.replaceAll(/\{\{([^{}]*)\}\}/g, (_, hole: string) => {
    const [, name = "", argument] = /^(\w*)(?::(.*))?$/s.exec(hole) ?? [];
    switch (name) {
      case "database":
        return quoteIdentifier(values.database);
      case "on_cluster":
        return values.cluster === undefined ? "" : `ON CLUSTER ${quoteIdentifier(values.cluster)}`;
      case "retention_days":
        assert(Number.isSafeInteger(values.retentionDays) && values.retentionDays > 0);
        return String(values.retentionDays);
      case "engine":
        return tableEngine(argument ?? "MergeTree", values.replication);
      default:
        assert.fail(`unknown template {{${hole}}}`);
    }
  });
}

function tableEngine(plain: string, replication: MigrationValues["replication"]): string {
  const match = /^(\w*MergeTree)(?:\((.*)\))?$/s.exec(plain);
  assert(match !== null, `not an engine of the MergeTree family: ${plain}`);
  const [, family, args = ""] = match;
  if (replication === undefined) return plain;
  const own = [replication.path, replication.replica].map(quoteString).join(", ");
  return `Replicated${family}(${own}${args === "" ? "" : `, ${args}`})`;
}

function quoteString(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

// A quoted text or name (with backslash escapes; a doubled quote is two of them), a comment, the end
// of a statement, a quote that nothing closes, or any other text.
const token = new RegExp(
  [
    /(?<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)/,
    /(?<comment>--[^\n]*|\/\*.*?\*\/)/,
    /(?<end>;)/,
    /(?<open>['"`]|\/\*)/,
    /[^'"`;/-]+|./,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gs",
);

/** The statements of a text, without their semicolons and comments, in order. */
export function splitStatements(text: string): string[] {
  const statements = [""];
  for (const { 0: piece, index, groups } of text.matchAll(token)) {
    if (groups?.["open"] !== undefined) {
      const line = text.slice(0, index).split("\n").length;
      assert.fail(`${piece} in line ${line} is never closed`);
    }
    if (groups?.["end"] !== undefined) statements.push("");
    else statements.push(statements.pop() + (groups?.["comment"] === undefined ? piece : " "));
  }
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== "");
}

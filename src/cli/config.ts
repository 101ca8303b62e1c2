import { configReference, describeConfig } from "../server/describe-config.ts";
import { type ConfigFlag, loadConfig, type LoadedConfig } from "../server/load-config.ts";
import { type Given, type Option, positionals, UsageError } from "./arguments.ts";
import type { Command, Surroundings } from "./command.ts";

/** The options of commands that need a configuration. */
export const configOptions: Readonly<Record<string, Option>> = {
  config: { type: "text", value: "FILE", about: "read settings from this YAML file" },
  data: { type: "text", value: "DIR", about: "keep everything in this folder (data.dir)" },
  set: {
    type: "texts",
    value: "KEY=VALUE",
    about: "set anything else, like http.port=8080; may be repeated",
  },
};

/** The configuration in force. Throws UsageError, or Fault with all that is wrong in it. */
export function readConfig(given: Given, env: Surroundings["env"]): LoadedConfig {
  const flags: ConfigFlag[] = given.texts("set").map((text) => {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (key === undefined) throw new UsageError(`--set takes KEY=VALUE, got "${text}"`);
    return { name: "--set", key: key.trim(), text: value! };
  });
  const data = given.text("data");
  if (data !== undefined) flags.push({ name: "--data", key: "data.dir", text: data });
  return loadConfig({ file: given.text("config"), env, flags });
}

/** `clew config`: what is in force, and where from. */
export const configCommand: Command = {
  about: "print the configuration in force, as YAML",
  takes: "",
  options: {
    ...configOptions,
    reference: { type: "flag", about: "print every setting there is instead, as Markdown" },
  },
  async run(given, { env, print }) {
    positionals(given, []);
    print(given.has("reference") ? configReference() : describeConfig(readConfig(given, env)));
    return 0;
  },
};

import { parse } from "yaml";

/** The settings of a stack's file, by key; none where it has none. Throws what the YAML reader throws. Pure. */
export function readStackConfig(text: string): Record<string, unknown> {
  const { config } = (parse(text, { merge: true, maxAliasCount: 1_000, logLevel: "silent" }) ?? {}) as {
    config?: unknown;
  };
  return typeof config === "object" && config !== null ? (config as Record<string, unknown>) : {};
}

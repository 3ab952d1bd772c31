import type { Problem } from "../../components/compose/problem.ts";
import { explainIssues } from "../../components/platform/explain-issues.ts";
import { findClearSecrets } from "../config/clear-secrets.ts";
import { problemAt, type RawConfig } from "../config/raw-config.ts";
import { type BootstrapSettings, bootstrapSettings } from "./settings.ts";

const PREFIX = "bootstrap:";

/** The settings; and each section that is in order on its own, so that its own mistakes elsewhere show in the same go. */
export interface ReadSettings {
  settings?: BootstrapSettings;
  sections: Partial<BootstrapSettings>;
  problems: Problem[];
}

/** Reads and checks the keys below `bootstrap:`. All mistakes at once. */
export function readSettings(raw: RawConfig): ReadSettings {
  const entries = Object.entries(raw.values).filter(([key]) => key.startsWith(PREFIX));
  const own = Object.fromEntries(entries.map(([key, value]) => [key.slice(PREFIX.length), value]));
  const parsed = bootstrapSettings.safeParse(own);
  const problems = explainIssues(parsed, bootstrapSettings).map(({ path: [key, ...path], message, hint }) =>
    problemAt(raw, `${PREFIX}${key}`, path, message, hint),
  );
  problems.push(...findClearSecrets(raw, "bootstrap", []));
  // What other stacks have, and what is easily taken over from them.
  for (const key of Object.keys(raw.values).filter((name) => name.startsWith("platform:"))) {
    problems.push(problemAt(raw, key, [], "is a key of the environments' stacks", "leave it out"));
  }
  const sections = Object.entries(bootstrapSettings.shape).flatMap(([key, schema]) => {
    const section = schema.safeParse(own[key]);
    return section.success ? [[key, section.data]] : [];
  });
  const read = { sections: Object.fromEntries(sections) as Partial<BootstrapSettings>, problems };
  return parsed.success && problems.length === 0 ? { ...read, settings: parsed.data } : read;
}

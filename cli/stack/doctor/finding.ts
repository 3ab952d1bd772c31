import semver from "semver";

/** What was found at one place. `warning` works, but not for long or not for everybody. */
export interface Finding {
  name: string;
  state: "ok" | "warning" | "broken" | "skipped";
  found: string;
  /** The one command, or the one step, that fixes it. */
  fix?: string;
}

export const ok = (name: string, found: string): Finding => ({ name, state: "ok", found });
export const skipped = (name: string, found: string): Finding => ({ name, state: "skipped", found });
export const warning = (name: string, found: string, fix: string): Finding => ({ name, state: "warning", found, fix });
export const broken = (name: string, found: string, fix: string): Finding => ({ name, state: "broken", found, fix });

/** Whether the version in a text is at least `least`; texts without one count as newest. */
export function isAtLeast(text: string, least: string): boolean {
  const have = semver.coerce(text);
  return have === null || semver.gte(have, least);
}

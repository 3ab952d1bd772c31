/** What was found at one place. `warning` works, but not for long or not for everybody. */
export interface Finding {
  name: string;
  state: "ok" | "warning" | "broken" | "skipped";
  found: string;
  /** The one command, or the one step, that mends it. */
  fix?: string;
}

export const ok = (name: string, found: string): Finding => ({ name, state: "ok", found });
export const skipped = (name: string, found: string): Finding => ({ name, state: "skipped", found });
export const warning = (name: string, found: string, fix: string): Finding => ({ name, state: "warning", found, fix });
export const broken = (name: string, found: string, fix: string): Finding => ({ name, state: "broken", found, fix });

/** Whether dotted numbers in a text are at least `least`; texts without a number count as newest. */
export function isAtLeast(text: string, least: [number, number, number]): boolean {
  const [, ...have] = /(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  if (have.length === 0) return true;
  for (const [index, want] of least.entries()) {
    const difference = Number(have[index]) - want;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

import type { Context } from "../context.ts";
import type { ComposeFile } from "../model.ts";
import { keyOf } from "../normalise.ts";
import { interpolate } from "../variables.ts";

/** Names of variables that hold something to keep. Those that end in `_FILE` name a file. */
const SECRET_NAME =
  /(^|_|[a-z])(PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|SECRET|TOKEN|CREDENTIALS?|(API|ACCESS|PRIVATE|SECRET|ENCRYPTION)_?KEY)$/i;

/** Values that are nothing to keep under such a name: switches, numbers, paths, addresses (`file:///run/secrets/…`). */
const PLAIN_VALUE = /^(|true|false|yes|no|on|off|none|null|\d{1,5}|[./~].*|[a-z][a-z\d+.-]*:\/\/.*)$/i;

const URL_PASSWORD = /:\/\/[^:@/\s]*:[^@/\s]+@/;

/** Whether a variable's name and value say that it is something to keep. */
export function looksLikePassword(name: string, value: string): boolean {
  return (SECRET_NAME.test(name) && !PLAIN_VALUE.test(value)) || URL_PASSWORD.test(value);
}

/** Notes values of `environment` that look like passwords. The value itself is never told. */
export function notePasswords(key: string, context: Context): void {
  const path = ["services", key, "environment"];
  const { services } = context.source.value as ComposeFile;
  for (const { name, value: written, step } of entriesOf(services[key]?.environment)) {
    // What comes from a variable does not stand in the file, but its default does.
    if (
      !looksLikePassword(
        name,
        interpolate(written, () => undefined),
      )
    )
      continue;
    const hint =
      "make it a secret: name it below `secrets:`, and let the container read /run/secrets (many images know `…_FILE`)";
    context.note(
      "clear-password",
      [...path, step],
      `the value of \`${name}\` looks like a password, and stands in clear`,
      hint,
    );
  }
}

function entriesOf(environment: unknown): { name: string; value: string; step: string | number }[] {
  if (Array.isArray(environment)) {
    return environment.flatMap((entry, step) => {
      const text = String(entry);
      return text.includes("=") ? [{ name: keyOf(text), value: text.slice(text.indexOf("=") + 1), step }] : [];
    });
  }
  return Object.entries(environment ?? {}).flatMap(([name, value]) =>
    value === null ? [] : [{ name, value: String(value), step: name }],
  );
}

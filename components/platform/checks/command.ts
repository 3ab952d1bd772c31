import { createHash } from "node:crypto";
import { z } from "zod";
import { checksDuring } from "../../dokploy/rules/checks/during.ts";
import { type CheckKind, ONLY_PATIENT, type Patience, patience } from "./kind.ts";

/**
 * A shell command that has to succeed after a deployment. `/bin/sh` runs it, in no particular folder, with `STACK`, `SERVICE`, `SUFFIX`
 * and `DOMAIN` in its environment: on the machine that runs the update, which needs Pulumi's `command` plugin (the engine fetches it); or
 * in a container of its own beside one of the service's.
 */
export interface CommandCheck extends Patience {
  /** E.g. `curl -fsS https://s3$SUFFIX.$DOMAIN/minio/health/live`. */
  command: string;
  /**
   * Key of a container: the command runs in one like it, with its image, environment, secrets, mounted files and networks, and without its
   * volumes. What is secret is read from `/run/secrets`: the command itself stands in the text on Dokploy.
   */
  beside?: string | undefined;
}

/**
 * Runs once a service's containers are healthy: when it was deployed, also to repair what a person changed by hand, or the check
 * changed, and again as long as it fails. A service of which nothing changed runs none.
 */
export const command: CheckKind<CommandCheck> = {
  key: "command",
  noun: "a command",
  shape: {
    command: z
      .string()
      .min(1)
      .describe(
        "A shell command, with `STACK`, `SERVICE`, `SUFFIX` and `DOMAIN` set. It runs on the machine that updates, which needs Pulumi's `command` plugin; or `beside` a container.",
      ),
    beside: z
      .string()
      .min(1)
      .optional()
      .describe(
        "A container of the service: the command runs in one of its own with the same image, environment, secrets, files and networks.",
      ),
    ...patience,
  },
  only: { beside: "runs no command; leave `beside` out", ...ONLY_PATIENT },
  mistakes: (check) =>
    check.beside === undefined && checksDuring([check], "watch").length > 0
      ? [{ path: ["during"], message: "cannot be `watch` on the machine that updates; name a container with `beside`" }]
      : [],
  load: async ({ stack, suffix, domain }) => {
    // Only here: whoever plans a stack without an update waits for none of them.
    const [{ all }, { Command }] = await Promise.all([
      import("@pulumi/pulumi"),
      import("@pulumi/command/local/index.js"),
    ]);
    return (name, check, { name: service, parent, compose, composeFile, env, domains, guard }) => {
      const trigger = all([composeFile, env, compose.deployment]).apply(([text, plain, deployment]) =>
        digest([text, Object.entries(plain).sort(), domains, check, deployment]),
      );
      new Command(
        name,
        {
          create: commandScript(service, name, check),
          environment: { CHECK: guard(check.command), STACK: stack, SERVICE: service, SUFFIX: suffix, DOMAIN: domain },
          triggers: [trigger],
          addPreviousOutputInEnv: false,
        },
        { parent, dependsOn: [compose] },
      );
    };
  },
};

/** How long one attempt may take, in seconds. */
export const LIMIT = 60;

/**
 * Tries the command in `$CHECK` until it succeeds. What it prints is kept to itself, or it would rest in the state; only when the last
 * attempt fails the end of it is shown. An attempt that hangs is ended after `limit` seconds where the machine has `timeout`
 * (GNU and BusyBox have, macOS has not).
 */
export function commandScript(
  service: string,
  check: string,
  { attempts = 10, interval = 3 }: CommandCheck,
  limit = LIMIT,
): string {
  const times = attempts === 1 ? "once" : `${attempts} times`;
  const failed = `check_failed: ${service} runs, but ${check} failed ${times} (what it printed is below; the next update runs it again)`;
  return `attempt=1
limited=
if command -v timeout >/dev/null 2>&1; then limited='timeout -k 5 ${limit}'; fi
until said=$($limited /bin/sh -c "$CHECK" 2>&1); do
  code=$?
  if [ "$attempt" -ge ${attempts} ]; then
    echo '${failed}' >&2
    printf '%s\\n' "$said" | tail -n 20 >&2
    if [ "$code" = 124 ]; then echo 'it was ended after ${limit} s' >&2; fi
    exit 1
  fi
  attempt=$((attempt + 1))
  sleep ${interval}
done`;
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}

import { createHash } from "node:crypto";
import { Command } from "@pulumi/command/local/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { RunCommands } from "./platform-service.ts";
import type { CommandCheck } from "./service.ts";

/**
 * Runs a service's command checks once its containers are well: when it was deployed, also to mend what a person changed by hand,
 * or a check changed, and again as long as one fails. A service of which nothing changed runs none.
 */
export function commandChecks({
  suffix,
  domain,
  stack,
}: {
  suffix: string;
  domain: string;
  stack: string;
}): RunCommands {
  return (parent, { name, commands, domains }, deployed) => {
    for (const [index, check] of commands.entries()) {
      const trigger = pulumi
        .all([deployed.composeFile, deployed.env, parent.compose.deployment])
        .apply(([text, env, deployment]) => digest([text, Object.entries(env).sort(), domains, check, deployment]));
      const own = `${name}-check-${index + 1}`;
      new Command(
        own,
        {
          create: commandScript(name, own, check),
          environment: {
            CHECK: deployed.guard(check.command),
            STACK: stack,
            SERVICE: name,
            SUFFIX: suffix,
            DOMAIN: domain,
          },
          triggers: [trigger],
          addPreviousOutputInEnv: false,
        },
        { parent, dependsOn: [parent.compose] },
      );
    }
  };
}

/** How long one attempt may take, in seconds. */
const LIMIT = 60;

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

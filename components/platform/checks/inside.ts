import { closest } from "../../compose/closest.ts";
import { HELD, type Probe } from "../../compose/probes.ts";
import { checksDuring } from "../../dokploy/rules/checks/during.ts";
import type { Check } from "./checks.ts";
import { type CommandCheck, commandScript, LIMIT } from "./command.ts";
import type { HttpCheck } from "./http.ts";

// Who updates is a laptop, a workflow or the runner, and none of them is in the platform's network; Dokploy runs no command in a container
// for others. So what is to be checked in there is checked by a container of the service's own Compose project.

/** Asks addresses: small, and the same everywhere. */
const ASKING_IMAGE = "busybox:1.36";

/** Where the containers of a stack are: full name → its service and key. */
export type Containers = ReadonlyMap<string, { service: string; container: string }>;

/** Where the checks belong. */
export interface Place {
  service: string;
  stack: string;
  suffix: string;
  domain: string;
  /** Seconds that one stage of the deployment may take. */
  waitTimeout: number;
  /** All containers of the stack, asked where an address may name one. */
  containers: () => Containers;
}

/** The checks of one service, by where they run. */
export interface PlannedChecks {
  /** Outside: by the provider or as resources. */
  outside: Check[];
  /** In the platform's network. */
  probes: Probe[];
  /** Containers of other services that these ask, by full name. */
  asks: { service: string; container: string; name: string }[];
  /** What is wrong with which check, by its index. */
  problems: { index: number; key: string; message: string; hint: string }[];
}

/** Which of the checks run in the platform's network, and how. Pure. */
export function planChecks(all: readonly Check[], place: Place): PlannedChecks {
  const planned: PlannedChecks = { outside: [], probes: [], asks: [], problems: [] };
  for (const [index, check] of all.entries()) {
    const refuse = (key: string, message: string, hint: string) => planned.problems.push({ index, key, message, hint });
    const number = planned.probes.length + 1;
    if ("command" in check && check.beside !== undefined) {
      planned.probes.push(toProbe(check, { beside: check.beside, joins: false }, number, place));
      refuseLong(check, place, refuse);
    } else if ("url" in check && isInside(check.url)) {
      const asked = findContainer(check.url, place, refuse);
      if (asked === undefined) continue;
      const isOwn = asked.service === place.service;
      if (!isOwn) planned.asks.push(asked);
      planned.probes.push(
        toProbe({ ...check, command: askScript(check) }, { image: ASKING_IMAGE, joins: !isOwn }, number, place),
      );
      refuseLong(check, place, refuse);
    } else planned.outside.push(check);
  }
  return planned;
}

/** Every name of a container begins so, and no name in DNS has no dot. */
function isInside(url: string): boolean {
  return URL.canParse(url) && /^platform-[a-z0-9-]+$/.test(new URL(url).hostname);
}

type Refuse = (key: string, message: string, hint: string) => void;

function findContainer(text: string, { containers }: Place, refuse: Refuse) {
  const url = new URL(text);
  const all = containers();
  const name = url.hostname;
  const found = all.get(name);
  if (found === undefined) {
    const near = closest(name, [...all.keys()]);
    const hint = near ? `did you mean \`${near}\`?` : "write the full name, with the stack's suffix";
    refuse("url", `there is no container \`${name}\` in this stack`, hint);
    return undefined;
  }
  if (url.protocol !== "http:") refuse("url", "containers talk in clear in the platform's network", "write `http://…`");
  if (url.username !== "" || url.password !== "") {
    refuse(
      "url",
      "a sign-in in an address would stand in the text on Dokploy",
      "write a `command` with `beside` that reads it from /run/secrets",
    );
  }
  return { ...found, name };
}

/** A stage that ends first would hide what the check says. */
function refuseLong({ attempts = 10, interval = 3 }: CommandCheck | HttpCheck, { waitTimeout }: Place, refuse: Refuse) {
  const seconds = attempts * interval;
  if (seconds < waitTimeout) return;
  const message = `it is tried for ${seconds} s, and a stage of the deployment ends after ${waitTimeout} s`;
  refuse("attempts", message, "try it less often, or raise `waitTimeout` of the service");
}

function toProbe(
  check: CommandCheck,
  where: Pick<Probe, "beside" | "image" | "joins">,
  number: number,
  { service, stack, suffix, domain }: Place,
): Probe {
  const { attempts = 10, interval = 3, command } = check;
  const is = (moment: "release" | "watch") => checksDuring([check], moment).length > 0;
  return {
    number,
    ...where,
    environment: { CHECK: command, STACK: stack, SERVICE: service, SUFFIX: suffix, DOMAIN: domain },
    ...(is("release") && { release: commandScript(service, `check ${number}`, check) }),
    ...(is("watch") && { watch: watchScript(service, number, check) }),
    patience: attempts * interval + 10,
  };
}

/** BusyBox' `wget` says the status of every answer on its way; the first is the one that counts, as redirects are not followed elsewhere. */
function askScript({ url, expect = 200 }: HttpCheck): string {
  const quoted = `'${url.replaceAll("'", "'\\''")}'`;
  return `answer=$(timeout 10 wget -S -O /dev/null ${quoted} 2>&1)
status=$(printf '%s\\n' "$answer" | sed -n 's/^ *HTTP\\/[0-9.]* \\([0-9][0-9][0-9]\\).*/\\1/p' | head -n 1)
if [ "$status" = ${expect} ]; then exit 0; fi
echo "it answered \${status:-nothing} instead of ${expect}"
printf '%s\\n' "$answer" | tail -n 3
exit 1`;
}

/** Seconds from one round to the next of a check that is repeated for ever. */
const ROUND = 30;

/** Repeats the command in `$CHECK` for ever. What it says is in the container's log, and whether it holds in its health. */
function watchScript(service: string, number: number, { attempts = 10, interval = 3 }: CommandCheck): string {
  return `touch ${HELD}
limited=
if command -v timeout >/dev/null 2>&1; then limited='timeout -k 5 ${LIMIT}'; fi
holds() {
  attempt=1
  until said=$($limited /bin/sh -c "$CHECK" 2>&1); do
    if [ "$attempt" -ge ${attempts} ]; then return 1; fi
    attempt=$((attempt + 1))
    sleep ${interval}
  done
}
while :; do
  if holds; then touch ${HELD}; else
    rm -f ${HELD}
    echo 'check_failed: ${service} runs, but check ${number} does not hold (what it printed is below)' >&2
    printf '%s\\n' "$said" | tail -n 20 >&2
  fi
  sleep ${ROUND}
done`;
}

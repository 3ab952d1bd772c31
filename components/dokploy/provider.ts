// What the shims in resources.ts call, in the process that the engine starts for dynamic resources. State keeps the shims' text, so
// these names and parameters must stay as they are: older state calls newer code.

import { say } from "../engine/say.ts";
import { tellSeen, toldOnce } from "../engine/seen.ts";
import { configOfNow, type StackConfig } from "../engine/stack-config.ts";
import { exitWithParent, keepCompiledCode } from "../engine/watchdog.ts";
import { foreseeTakeOver, printTakenOver, type TakenOver } from "./adoption.ts";
import { type Described, maskFor } from "./api/mask.ts";
import * as compose from "./compose.ts";
import { type Context, contextFrom } from "./context.ts";
import * as environment from "./environment.ts";
import type { EnvironmentInputs } from "./environment-find.ts";
import { plainFailure } from "./failure.ts";
import { readGivenUp } from "./rules/data/give-up.ts";
import { refuseToLeaveState } from "./rules/data/keep-data.ts";
import { changedKeys, takenRoutes } from "./rules/diff.ts";
import { type ComposeInputs, hasUnknown, type RawComposeInputs, withDefaults } from "./rules/inputs.ts";
import { changedByProgram, printKept, staying } from "./rules/may-differ.ts";
import { type ComposeOutputs, DEPLOYED, type EnvironmentOutputs } from "./rules/outputs.ts";
import { rightSettings } from "./rules/settings.ts";
import { mistakesIn } from "./rules/validate.ts";
import { mayDiffer } from "./rules/writing.ts";
import { holds } from "./seen/left.ts";

exitWithParent();
keepCompiledCode();

type Config = StackConfig | undefined;

export function createEnvironment(config: Config, inputs: EnvironmentInputs) {
  return plainly(config, [], (context) => environment.createEnvironment(context, inputs));
}

export async function readEnvironment(config: Config, id: string, olds: EnvironmentOutputs) {
  return plainly(await now(config, olds), [], (context) => environment.readEnvironment(context, id, olds));
}

export function updateEnvironment(config: Config, id: string, olds: EnvironmentOutputs, news: EnvironmentInputs) {
  return plainly(config, [], (context) => environment.updateEnvironment(context, id, olds, news));
}

export async function deleteEnvironment(config: Config, id: string, olds: EnvironmentOutputs) {
  return plainly(await now(config, olds), [], (context) => environment.deleteEnvironment(context, id, olds));
}

export async function diffEnvironment(_config: Config, _id: string, olds: EnvironmentOutputs, news: EnvironmentInputs) {
  return offline([], () => ({ changes: environment.environmentChanges(olds, news) }));
}

/** Services that the program of this run has registered: only what it says can leave data. */
const registered = new Set<string>();

/** Fills in defaults, and refuses what can be seen to be wrong before anything is sent. */
export async function checkCompose(config: Config, olds: object, news: RawComposeInputs) {
  const checked = offline([news], () => {
    const inputs = withDefaults(news);
    if (inputs.service !== undefined) registered.add(inputs.service);
    // The engine prints the value of a named property: it gets none.
    const failures = mistakesIn(inputs, true).map((reason) => ({ property: "", reason: `config_invalid: ${reason}` }));
    return { inputs, failures };
  });
  const creates = Object.keys(olds).length === 0 && checked.failures.length === 0;
  // A stack without an environment is most often new: its preview asks nothing, unless the program says that there is something.
  const mayExist = checked.inputs.adopt === true || !hasUnknown(checked.inputs.environmentId);
  if (creates && mayExist) await announceTakeOver(config, checked.inputs as ComposeInputs);
  return checked;
}

/** The launcher passes on what is printed, and nothing else of a resource that does not exist yet. */
async function announceTakeOver(config: Config, inputs: ComposeInputs): Promise<void> {
  const project = config?.get("dokploy:project") ?? "platform";
  const looked = plainly(config, [inputs], (context) => foreseeTakeOver(context, inputs, project));
  // It is only foretold; what stands in the way is told by the update, or by who asked to take something over.
  const taken = await (inputs.adopt === true ? looked : looked.catch(() => undefined));
  if (taken === undefined) return;
  sayOnce(printTakenOver(taken));
  // `dockmaster import` only shows what taking over would mean; the update still refuses what must not be.
  if (process.env.DOCKMASTER_PLAN_ADOPTION === "1") return;
  for (const line of offline([inputs], () => taken.leaves?.() ?? [])) say(line);
}

const said = new Set<string>();

/** An update checks before it creates, and mostly both say the same. */
function sayOnce(line: string): void {
  if (said.has(line)) return;
  said.add(line);
  say(line);
}

export function createCompose(config: Config, inputs: ComposeInputs) {
  const onTakenOver = (taken: TakenOver) => sayOnce(printTakenOver(taken));
  return withContext(config, (context) => compose.createCompose(context, inputs, onTakenOver));
}

export async function readCompose(config: Config, id: string, olds: ComposeOutputs) {
  const seen = await plainly(await now(config, olds), [olds], (context) => compose.readCompose(context, id, olds));
  // The engine shows a changed secret without saying which key it is; here it is said, by name.
  const found = seen.props?.drift.filter((key) => !olds.drift.includes(key)) ?? [];
  const [unhealthy, changed] = [
    found.filter((key) => key.startsWith(DEPLOYED)),
    found.filter((key) => !key.startsWith(DEPLOYED)),
  ];
  if (changed.length > 0) say(`${olds.service} was changed by hand: ${changed.join(", ")}`);
  for (const trouble of unhealthy) say(`${olds.service} is not as the last update left it: ${trouble}`);
  return seen;
}

export function updateCompose(config: Config, id: string, olds: ComposeOutputs, news: ComposeInputs) {
  return withContext(config, (context) => compose.updateCompose(context, id, olds, news));
}

export async function deleteCompose(config: Config, id: string, olds: ComposeOutputs) {
  return plainly(await now(config, olds), [olds], (context) => compose.deleteCompose(context, id, olds));
}

const KEEP = "platform:routes: any in the stack's file keeps such routes";

/**
 * Never names a replacement: no change of an input replaces a service. A refresh asks too, how what it found differs from what the state
 * had: that goes nowhere, and must not fail.
 */
export async function diffCompose(config: Config, id: string, olds: ComposeOutputs, news: ComposeInputs) {
  const isAsked = registered.has(news.service);
  const answer = offline([olds, news], () => {
    const givenUp = readGivenUp();
    const changes = changedKeys(olds, news, isAsked ? givenUp : null).length > 0;
    const taken = takenRoutes(olds, news);
    // The engine shows what the program says, and that never named them.
    if (taken.length > 0) {
      say(`${news.service}: ${taken.join(", ")} was made by hand in Dokploy and is taken away; ${KEEP}`);
    }
    if (isAsked) for (const line of refuseToLeaveState(olds, news, givenUp)) say(line);
    if (isAsked && givenUp.size > 0 && hasUnknown([news.composeFile, news.env])) {
      say(`${news.service}: what it leaves is known only to the update`);
    }
    if (isAsked && !changes) tellKept(id, olds);
    const kept = newlyKept(olds, news);
    if (isAsked && kept.length > 0) say(printKept(news.service, kept));
    return { changes };
  });
  if (isAsked && mayDifferLess(olds, news)) await foretellSetBack(config, id, olds, news);
  return answer;
}

/** The state has what a hand made of it, and the engine shows that as a change. */
function newlyKept(olds: ComposeOutputs, news: ComposeInputs): string[] {
  const settings = rightSettings(olds.appName, news.waitTimeout, olds.environmentId);
  return olds.drift.filter(staying(news.ignore, changedByProgram(olds, { wanted: news, settings })));
}

function mayDifferLess(olds: ComposeOutputs, news: ComposeInputs): boolean {
  return olds.ignore?.some((part) => !mayDiffer(news.ignore, part)) ?? false;
}

/** What differed with leave is not in the state: only Dokploy knows. Where it cannot be asked, the update says how that is. */
async function foretellSetBack(config: Config, id: string, olds: ComposeOutputs, news: ComposeInputs): Promise<void> {
  const parts = await plainly(config, [olds, news], (context) => compose.noLongerKept(context, id, olds, news)).catch(
    () => [],
  );
  if (parts.length > 0) say(`${news.service}: ${parts.join(", ")} was changed by hand, and is put back`);
}

/** That an update has nothing to do for a service, whose containers were started again since the one before it: now the state knows. */
function tellKept(id: string, olds: ComposeOutputs): void {
  const left = toldOnce(id);
  if (left && olds.deployed && holds(olds, left)) tellSeen(left);
}

/** What runs by the state alone is handed the configuration of the last update. */
function now(config: Config, { owner }: { owner?: { stack?: string } }): Promise<Config> {
  return configOfNow(config, owner?.stack);
}

/** Runs what translates its own failures. */
async function withContext<T>(config: Config, run: (context: Context) => Promise<T>): Promise<T> {
  return run(offline([], () => contextFrom(config)));
}

async function plainly<T>(config: Config, about: Described[], run: (context: Context) => Promise<T>): Promise<T> {
  const context = offline([], () => contextFrom(config));
  try {
    return await run(context);
  } catch (error) {
    throw plainFailure(error, maskFor(context.secrets, ...about));
  }
}

function offline<T>(about: Described[], run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw plainFailure(error, maskFor([], ...about));
  }
}

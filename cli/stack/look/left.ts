import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { countResources, readSeen, SEEN } from "../../../automation/engine/seen.ts";
import { digestSettings } from "../../../automation/engine/settings-digest.ts";
import { plainSettings, readStackSettings } from "../../../automation/engine/stack-settings.ts";
import { stampEngine } from "../../../automation/engine/version-check.ts";
import { isOf, readStateMark, refuseState, toState } from "../../../automation/state/state-mark.ts";
import { isAsLeft, LEFT_FORMAT } from "../../../components/look/left.ts";
import { cachedEngineFolder } from "../../../tools/engine-path.mjs";
import type { DriftFound } from "../../print/drift.ts";
import type { Checkout } from "../checkout.ts";
import { findBackend } from "../lock/place.ts";
import { readProject } from "../project.ts";
import type { StackRun } from "../run/stack-run.ts";
import { type LaptopRecord, recordFile } from "./record.ts";
import { digestTree } from "./tree.ts";

/**
 * Variables of a shell that tell of the terminal and of who sits at it, and of which no program makes anything. All others count: one
 * more or less means that an engine is asked.
 */
const OF_THE_TERMINAL =
  /^(_|PWD|OLDPWD|SHLVL|TERM.*|COLORTERM|COLUMNS|LINES|WINDOWID|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|SSH_.*|XDG_SESSION_.*|XDG_VTNR|DBUS_.*|GPG_TTY|TMUX.*|STY|VSCODE_.*|ITERM_.*|LC_TERMINAL.*|NO_COLOR|FORCE_COLOR|LS_COLORS|npm_.*|INIT_CWD|HISTFILE|PS1|SECURITYSESSIONID|NODE_COMPILE_CACHE)$/;

/** What an update from this machine left of a stack, and whether it is so still. */
export interface Left {
  /** What an update would come to where nothing is to do; undefined: only an engine can tell. */
  look(): Promise<StackRun | undefined>;
  /** What a drift check would come to where nothing differs. */
  lookForDrift(): Promise<DriftFound | undefined>;
  /** Forgets what was left, for an engine is about to change the stack; `end` keeps how that left it. */
  begin(): {
    env: NodeJS.ProcessEnv;
    onRaw(event: EngineEvent): void;
    end(run: StackRun): Promise<void>;
  };
}

/** `full`: an engine is wanted in any case. */
export function openLeft(checkout: Checkout, stack: string, { full }: { full: boolean }): Left {
  const shell = process.env;
  const backend = findBackend(shell);
  const project = readProject(checkout);
  const file = backend === undefined || stack === "bootstrap" ? undefined : recordFile(backend, project, stack);
  const stackFile = () => readFileSync(join(checkout.folder, `Pulumi.${stack}.yaml`), "utf8");
  const settings = async () => {
    const engine = await stampEngine([shell.PATH, cachedEngineFolder()].filter(Boolean).join(delimiter));
    return digestSettings(toldByShell(shell), { engine, node: process.version, backend: backend ?? "" });
  };

  /** Never throws: whatever it meets, an engine tells better. */
  const asLeft = async (program: boolean): Promise<LaptopRecord | undefined> => {
    const kept = full ? undefined : file?.read();
    if (!kept || backend === undefined || kept.left.format !== LEFT_FORMAT) return undefined;
    const { left, keptAt } = kept;
    if ((left.told?.sealed ?? []).length > 0 || (await settings()) !== left.settings) return undefined;
    if (program && digestTree(checkout.folder, stack) !== kept.program) return undefined;
    if ((await refuseState(backend, stack, left.state, shell)) !== undefined) return undefined;
    const { look } = await import("../../../components/look/look.ts");
    const found = await look(left.resources, { env: { ...left.told?.values, ...shell, ...insecure(left) }, keptAt });
    if (!isAsLeft(found, left.resources) || (await refuseState(backend, stack, left.state, shell)) !== undefined)
      return undefined;
    return kept;
  };
  const tryLook = (program: boolean) => asLeft(program).catch(() => undefined);

  return {
    look: async () => {
      const kept = await tryLook(true);
      if (!kept) return undefined;
      const services = kept.services.map((each) => ({ ...each, result: "unchanged", reason: "equal" }) as const);
      const others = { create: 0, update: 0, delete: 0 };
      const seconds = process.uptime();
      return { ok: true, services, others, cause: null, seconds, records: [], by: "look", output: "" };
    },
    lookForDrift: async () => {
      const kept = await tryLook(false);
      const services = kept?.services.map(
        ({ service }) => ({ service, result: "unchanged", reason: "equal", well: true }) as const,
      );
      return services && { stack, ok: true, services, cause: null, by: "look" };
    },
    begin: () => {
      file?.remove();
      const folder = mkdtempSync(join(tmpdir(), "dockmaster-seen-"));
      const resources = countResources();
      const seen = join(folder, "seen.jsonl");
      // As it is when the engine reads it.
      const program = digestTree(checkout.folder, stack);
      const given = { file: stackFile(), settings: settings().catch(() => undefined) };
      const keep = async ({ ok, services, endedAt }: StackRun & { endedAt: number }) => {
        const found = ok ? readSeen(seen, resources.left()) : undefined;
        if (!found || "missing" in found || program === undefined || backend === undefined) return;
        const digest = await given.settings;
        const state = await readStateMark(backend, project, stack, shell);
        const changed = digestTree(checkout.folder, stack) !== program || !isOf(endedAt, state);
        if (digest === undefined || !("mark" in state) || changed) return;
        const told = plainSettings(readStackSettings(given.file, shell));
        const there = services.filter(({ result }) => ["created", "changed", "unchanged"].includes(result));
        file?.write({
          keptAt: Date.now(),
          program,
          left: { format: LEFT_FORMAT, settings: digest, state: toState(project, state.mark), ...found, told },
          services: there.map(({ service, addresses, allows }) => ({ service, addresses, allows })),
        });
      };
      return {
        env: { [SEEN]: seen },
        onRaw: resources.event,
        end: async (run) => {
          // That nothing is kept changes nothing of how the update ended.
          await keep({ ...run, endedAt: Date.now() }).catch(() => {});
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  };
}

function insecure({ told }: LaptopRecord["left"]): NodeJS.ProcessEnv {
  const hosts = told?.values.ALLOW_INSECURE;
  return hosts ? { ALLOW_INSECURE: hosts } : {};
}

/** What of a shell's environment has a say in what an engine and its program do. Pure. */
function toldByShell(env: NodeJS.ProcessEnv): Record<string, string> {
  const told = Object.entries(env).filter(([name, value]) => value !== undefined && !OF_THE_TERMINAL.test(name));
  return Object.fromEntries(told) as Record<string, string>;
}

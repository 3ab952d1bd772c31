import { ComposeError } from "./compose-error.ts";
import type { Project, VolumeDefinition } from "./project.ts";
import type { UpRun } from "./simulation.ts";

function usedVolumes(project: Project): [string, VolumeDefinition][] {
  const used = new Set([...project.services.values()].flatMap(({ volumes }) => volumes.map(({ source }) => source)));
  return [...project.volumes].filter(([key]) => used.has(key));
}

function warn(run: UpRun, message: string): void {
  run.log(
    `time="${new Date(run.simulation.clock.now()).toISOString().slice(0, 19)}Z" level=warning msg=${JSON.stringify(message)}`,
  );
}

/** A question that nobody answers: the process waits until it is killed. */
export function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/**
 * Creates the volumes that are missing; a definition that changed makes Compose ask a question and hang, or with
 * `--yes` delete the data.
 */
export async function ensureVolumes(run: UpRun, project: Project, yes: boolean): Promise<void> {
  const { state, clock } = run.simulation;
  for (const [key, definition] of usedVolumes(project)) {
    const existing = state.volumes[definition.name];
    if (definition.external) {
      if (!existing) throw new ComposeError(`external volume "${definition.name}" not found`);
      continue;
    }
    if (existing) {
      if (existing.project !== project.name)
        warn(
          run,
          `volume "${definition.name}" already exists but was created for project "${existing.project}" (expected "${project.name}"). Use \`external: true\` to use an existing volume`,
        );
      if (existing.definitionHash === definition.definitionHash) continue;
      if (!yes) {
        run.log(
          `? Volume "${definition.name}" exists but doesn't match configuration in compose file. Recreate (data will be lost)? (y/N)`,
        );
        await hang(run.signal);
      }
    }
    run.log(` Volume "${definition.name}"  Creating`);
    state.volumes[definition.name] = {
      name: definition.name,
      project: project.name,
      key,
      driver: definition.driver || "local",
      driverOptions: Object.fromEntries(definition.driverOptions),
      labels: Object.fromEntries(definition.labels),
      definitionHash: definition.definitionHash,
      createdAt: clock.now(),
      data: {},
    };
    run.log(` Volume "${definition.name}"  Created`);
    run.simulation.changed();
  }
}

import { ComposeError } from "../read/compose-error.ts";
import type { Project, VolumeDefinition } from "../read/project.ts";
import { hang, warn } from "./compose-output.ts";
import type { HostNetwork } from "./host-state.ts";
import type { UpRun } from "./simulation.ts";

/** @throws ComposeError for an image that cannot be had. */
export function ensureImages(run: UpRun, project: Project): void {
  for (const { key, image } of project.services.values()) {
    if (run.simulation.imageExists(image)) continue;
    const reason = `manifest for ${image} not found: manifest unknown: manifest unknown`;
    run.log(` ${key} Pulling `);
    run.log(` ${key} Error ${reason}`);
    throw new ComposeError(`Error response from daemon: ${reason}`);
  }
}

/**
 * A missing external network stops nothing yet: the Docker under Dokploy always manages a swarm, and there Compose cannot tell whether
 * it is one of the swarm's that no container has brought to this host so far. The start of the first container on it fails.
 * @throws ComposeError for a network that another key of a compose file made.
 */
export function ensureNetworks(run: UpRun, project: Project): void {
  const { networks } = run.simulation.state;
  const used = new Set([...project.services.values()].flatMap((service) => [...service.networks.keys()]));
  for (const [key, { name, external }] of project.networks) {
    if (!used.has(key)) continue;
    const existing = networks[name];
    if (existing && !external) checkNetwork(run, project, key, existing);
    if (existing || external) continue;
    run.log(` Network ${name}  Creating`);
    networks[name] = { name, project: project.name, key };
    run.log(` Network ${name}  Created`);
  }
}

function checkNetwork(run: UpRun, project: Project, key: string, existing: HostNetwork): void {
  const { name } = existing;
  if (existing.project !== project.name) {
    const by = existing.project === "" ? "by compose" : `for project "${project.name}"`;
    warn(
      run,
      `a network with name ${name} exists but was not created ${by}.\nSet \`external: true\` to use an existing network`,
    );
  }
  if (existing.key !== key)
    throw new ComposeError(
      `network ${name} was found but has incorrect label com.docker.compose.network set to "${existing.key}" (expected: "${key}")`,
    );
}

/**
 * Whether the volume may stay as it is. Another definition makes Compose ask, and where nobody answers it hangs;
 * with `--yes` it deletes the data.
 */
async function keepVolume(run: UpRun, project: Project, definition: VolumeDefinition, yes: boolean): Promise<boolean> {
  const existing = run.simulation.state.volumes[definition.name];
  if (definition.external) {
    if (!existing) throw new ComposeError(`external volume "${definition.name}" not found`);
    return true;
  }
  if (!existing) return false;
  if (existing.project !== project.name)
    warn(
      run,
      `volume "${definition.name}" already exists but was created for project "${existing.project}" (expected "${project.name}"). Use \`external: true\` to use an existing volume`,
    );
  if (existing.definitionHash === definition.definitionHash) return true;
  if (yes) return false;
  run.log(
    `Volume "${definition.name}" exists but doesn't match configuration in compose file. Recreate (data will be lost)?`,
  );
  return hang(run.signal);
}

/** @throws ComposeError for an external volume that is missing. */
export async function ensureVolumes(run: UpRun, project: Project, yes: boolean): Promise<void> {
  const { state, clock, changed } = run.simulation;
  const used = new Set([...project.services.values()].flatMap(({ volumes }) => volumes.map(({ source }) => source)));
  for (const [key, definition] of project.volumes) {
    if (!used.has(key) || (await keepVolume(run, project, definition, yes))) continue;
    const { name, driver } = definition;
    run.log(` Volume ${name}  Creating`);
    state.volumes[name] = {
      name,
      project: project.name,
      key,
      driver,
      driverOptions: Object.fromEntries(definition.driverOptions),
      labels: Object.fromEntries(definition.labels),
      definitionHash: definition.definitionHash,
      createdAt: clock.now(),
      data: {},
    };
    run.log(` Volume ${name}  Created`);
    changed();
  }
}

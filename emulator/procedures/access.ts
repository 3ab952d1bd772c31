import { notFound, RpcError } from "../rpc/error.ts";
import type { Call } from "../rpc/procedure.ts";
import type { ComposeRow, EnvironmentRow, ProjectRow } from "../state/records.ts";

/** A member to whom nothing was assigned: the emulator assigns nothing to anybody. */
export function isOutsider({ user }: Call): boolean {
  return user.role === "member";
}

export function refuseOutsider(call: Call): void {
  if (isOutsider(call)) throw new RpcError("UNAUTHORIZED", "You don't have access to this service");
}

/** The service, or 404; a member gets a 401 that carries a code. */
export function findCompose(call: Call, composeId: string): ComposeRow {
  refuseOutsider(call);
  const compose = call.dokploy.db.composes.get(composeId);
  if (compose === undefined) throw notFound("Compose");
  return compose;
}

export function findEnvironment(call: Call, environmentId: string): EnvironmentRow {
  const environment = call.dokploy.db.environments.get(environmentId);
  if (environment === undefined) throw notFound("Environment");
  return environment;
}

export function findProject(call: Call, projectId: string): ProjectRow {
  const project = call.dokploy.db.projects.get(projectId);
  if (project === undefined) throw notFound("Project");
  return project;
}

/** Who makes something may use it: noted for owners too, who may use everything, and never taken back. */
export function grantAccess(
  { dokploy: { db }, user }: Call,
  made: { projects?: string; environments?: string; services?: string },
): void {
  const accessed = db.users.get(user.id)?.accessed ?? { projects: [], environments: [], services: [] };
  const added = Object.entries(made).map(([kind, id]) => [kind, [...accessed[kind as keyof typeof accessed], id]]);
  db.users.update(user.id, { accessed: { ...accessed, ...Object.fromEntries(added) } });
}

/** Deletes rows only, as Dokploy's cascade does: containers, volumes and files stay. */
export function removeEnvironmentRows({ dokploy: { db } }: Call, environmentId: string): void {
  for (const { composeId } of db.composes.of(environmentId)) removeComposeRows(db, composeId);
  db.environments.remove(environmentId);
}

export function removeComposeRows(db: Call["dokploy"]["db"], composeId: string): void {
  for (const { deploymentId } of db.deployments.of(composeId)) db.deployments.remove(deploymentId);
  for (const { domainId } of db.domains.of(composeId)) db.domains.remove(domainId);
  for (const { mountId } of db.mounts.of(composeId)) db.mounts.remove(mountId);
  db.composes.remove(composeId);
}

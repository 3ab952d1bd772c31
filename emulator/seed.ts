import type { Database } from "./state/database.ts";
import { newAuthId, newId } from "./state/ids.ts";
import type { ServerRow, UserRow } from "./state/records.ts";

/** What a Dokploy has once its first admin has signed up: one user, one organization, the default settings. */
export function seed(db: Database, now: Date): { server: ServerRow; owner: UserRow } {
  const createdAt = now.toISOString();
  const server =
    db.servers.all()[0] ??
    db.servers.insert({
      organizationId: newId(),
      organizationName: "My Organization",
      createdAt,
      buildsConcurrency: 1,
      enableDockerCleanup: true,
      domainCount: 0,
    });
  const owner =
    db.users.all().find(({ role }) => role === "owner") ??
    db.users.insert({
      id: newAuthId(),
      memberId: newId(),
      email: "admin@emulator.test",
      firstName: "Admin",
      role: "owner",
      createdAt,
    });
  return { server, owner };
}

/** What a restart leaves: the job that ran is cancelled without an end, its service idle; waiting jobs leave no trace here. */
export function cancelInterrupted(db: Database): void {
  for (const { deploymentId, composeId, status } of db.deployments.all()) {
    if (status !== "running") continue;
    db.deployments.update(deploymentId, { status: "cancelled" });
    db.composes.update(composeId, { composeStatus: "idle" });
  }
}

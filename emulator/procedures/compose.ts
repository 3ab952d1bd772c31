import { rmSync } from "node:fs";
import { z } from "zod";
import { badRequest } from "../rpc/error.ts";
import { mutation, type Procedures, query } from "../rpc/procedure.ts";
import { newId } from "../state/ids.ts";
import type { ComposeRow } from "../state/records.ts";
import { findCompose, findEnvironment, grantAccess, isOutsider, refuseOutsider, removeComposeRows } from "./access.ts";
import { checkedText, composeWithRelations, newComposeRow } from "./compose-row.ts";
import { composeId, createSchema, updateSchema } from "./compose-schema.ts";
import { holds, page, paging } from "./paging.ts";
import { defined } from "./project.ts";

/** The record of a service. Nothing here deploys. */
export const composeProcedures: Procedures = {
  "compose.create": mutation(createSchema, (input, call) => {
    findEnvironment(call, input.environmentId);
    const { db, now } = call.dokploy;
    const compose = db.composes.insert(checkedText(newComposeRow(input, now().toISOString())) as ComposeRow);
    grantAccess(call, { services: compose.composeId });
    return compose;
  }),
  "compose.one": query(z.object({ composeId }), (input, call) => ({
    ...composeWithRelations(call, findCompose(call, input.composeId)),
    hasGitProviderAccess: true,
    unauthorizedProvider: null,
  })),
  "compose.update": mutation(updateSchema, ({ composeId, appName: _ignored, ...patch }, call) => {
    refuseOutsider(call);
    // An unknown id is no error: the answer is empty.
    return call.dokploy.db.composes.update(composeId, checkedText(defined(patch) as Partial<ComposeRow>));
  }),
  "compose.saveEnvironment": mutation(
    z.object({
      composeId: z.string(),
      env: z.string().nullable().optional().nonoptional(),
      createEnvFile: z.boolean().optional(),
    }),
    ({ composeId, ...patch }, call) => {
      refuseOutsider(call);
      const changed = call.dokploy.db.composes.update(composeId, checkedText(defined(patch) as Partial<ComposeRow>));
      if (changed === undefined) throw badRequest("Error adding environment variables");
      return true;
    },
  ),
  "compose.delete": mutation(z.object({ composeId, deleteVolumes: z.boolean() }), async (input, call) => {
    const { db, folders, containers, queue } = call.dokploy;
    const compose = findCompose(call, input.composeId);
    const answer = composeWithRelations(call, compose);
    // The row goes first, and what goes wrong after it is swallowed.
    queue.clean(compose.composeId);
    removeComposeRows(db, compose.composeId);
    await containers.down(compose.appName, folders.code(compose.appName), input.deleteVolumes).catch(() => undefined);
    rmSync(folders.logs(compose.appName), { recursive: true, force: true });
    rmSync(folders.app(compose.appName), { recursive: true, force: true });
    return answer;
  }),
  "compose.move": mutation(z.object({ composeId: z.string(), targetEnvironmentId: z.string() }), (input, call) => {
    findCompose(call, input.composeId);
    findEnvironment(call, input.targetEnvironmentId);
    return call.dokploy.db.composes.update(input.composeId, { environmentId: input.targetEnvironmentId });
  }),
  "compose.refreshToken": mutation(z.object({ composeId }), (input, call) => {
    findCompose(call, input.composeId);
    call.dokploy.db.composes.update(input.composeId, { refreshToken: newId() });
    return true;
  }),
  "compose.search": query(
    z.object({
      q: z.string().optional(),
      name: z.string().optional(),
      appName: z.string().optional(),
      description: z.string().optional(),
      projectId: z.string().optional(),
      environmentId: z.string().optional(),
      ...paging,
    }),
    (input, call) => {
      if (isOutsider(call)) return page([], input);
      const { db } = call.dokploy;
      const inProject = ({ environmentId }: ComposeRow) =>
        input.projectId === undefined || db.environments.get(environmentId)?.projectId === input.projectId;
      const found = db.composes
        .all()
        .filter(
          (row) =>
            (holds(row.name, input.q) || holds(row.appName, input.q) || holds(row.description, input.q)) &&
            holds(row.name, input.name) &&
            holds(row.appName, input.appName) &&
            holds(row.description, input.description) &&
            (input.environmentId === undefined || row.environmentId === input.environmentId) &&
            inProject(row),
        );
      return page(found.reverse().map(searchRow), input);
    },
  ),
};

function searchRow(row: ComposeRow) {
  const { composeId, name, appName, description, environmentId, composeStatus, sourceType, createdAt } = row;
  return { composeId, name, appName, description, environmentId, composeStatus, sourceType, createdAt };
}

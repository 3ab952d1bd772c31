import { z } from "zod";
import { badRequest } from "../rpc/error.ts";
import { type Call, mutation, type Procedures, query } from "../rpc/procedure.ts";
import { newId } from "../state/ids.ts";
import type { ComposeRow, EnvironmentRow } from "../state/records.ts";
import { findEnvironment, findProject, grantAccess, isOutsider, removeEnvironmentRows } from "./access.ts";
import { noOtherServices } from "./other-services.ts";
import { holds, page, paging } from "./paging.ts";
import { defined } from "./project.ts";

const environmentId = z.string().min(1);
const name = z.string().min(1);

export const environmentProcedures: Procedures = {
  "environment.create": mutation(
    z.object({ name, description: z.string().optional(), projectId: z.string().min(1) }),
    (input, call) => {
      if (input.name.toLowerCase() === "production") {
        throw badRequest("You cannot create a environment with the name 'production'");
      }
      findProject(call, input.projectId);
      const environment = call.dokploy.db.environments.insert({
        environmentId: newId(),
        name: input.name,
        description: input.description ?? null,
        createdAt: call.dokploy.now().toISOString(),
        env: "",
        projectId: input.projectId,
        isDefault: false,
      });
      grantAccess(call, { environments: environment.environmentId });
      return environment;
    },
  ),
  "environment.one": query(z.object({ environmentId }), (input, call) => {
    const environment = findEnvironment(call, input.environmentId);
    const { name, description, environmentId, isDefault, projectId, env } = environment;
    return {
      ...{ name, description, environmentId, isDefault, projectId, env },
      ...services(call, environment, shortCompose),
      project: findProject(call, projectId),
    };
  }),
  "environment.byProjectId": query(z.object({ projectId: z.string() }), (input, call) => {
    const project = call.dokploy.db.projects.get(input.projectId);
    return call.dokploy.db.environments.of(input.projectId).map((environment) => {
      const { name, description, environmentId, isDefault } = environment;
      const compose = (row: ComposeRow) => ({ appName: row.appName, ...shortCompose(row) });
      return { name, description, environmentId, isDefault, ...services(call, environment, compose), project };
    });
  }),
  "environment.update": mutation(
    z.object({
      environmentId,
      name: name.optional(),
      description: z.string().optional(),
      projectId: z.string().optional(),
      env: z.string().optional(),
    }),
    ({ environmentId, ...patch }, call) => {
      const environment = findEnvironment(call, environmentId);
      if (environment.isDefault && patch.name !== undefined && patch.name !== environment.name) {
        throw badRequest("You cannot rename the default environment");
      }
      return call.dokploy.db.environments.update(environmentId, defined(patch) as Partial<EnvironmentRow>);
    },
  ),
  "environment.remove": mutation(z.object({ environmentId }), (input, call) => {
    const environment = findEnvironment(call, input.environmentId);
    if (environment.isDefault) throw badRequest("You cannot delete the default environment");
    if (call.dokploy.db.composes.of(environment.environmentId).length > 0) {
      throw badRequest("Cannot delete environment: it has active services. Delete all services first.");
    }
    removeEnvironmentRows(call, environment.environmentId);
    return environment;
  }),
  "environment.search": query(
    z.object({
      q: z.string().optional(),
      name: z.string().optional(),
      description: z.string().optional(),
      projectId: z.string().optional(),
      ...paging,
    }),
    (input, call) => {
      if (isOutsider(call)) return page([], input);
      const found = call.dokploy.db.environments
        .all()
        .filter(
          (row) =>
            (holds(row.name, input.q) || holds(row.description, input.q)) &&
            holds(row.name, input.name) &&
            holds(row.description, input.description) &&
            (input.projectId === undefined || row.projectId === input.projectId),
        );
      return page(found.reverse(), input);
    },
  ),
};

function services<T>({ dokploy: { db } }: Call, environment: EnvironmentRow, show: (row: ComposeRow) => T) {
  return { ...noOtherServices(), compose: db.composes.of(environment.environmentId).map(show) };
}

function shortCompose({ composeId, name, createdAt, composeStatus, description, serverId, icon }: ComposeRow) {
  return { composeId, name, createdAt, composeStatus, description, serverId, icon, server: null };
}

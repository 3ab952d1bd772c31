import { z } from "zod";
import { badRequest } from "../rpc/error.ts";
import { bareQuery, type Call, mutation, type Procedures, query } from "../rpc/procedure.ts";
import { newId } from "../state/ids.ts";
import type { ComposeRow, EnvironmentRow, ProjectRow } from "../state/records.ts";
import { findProject, grantAccess, isOutsider, removeEnvironmentRows } from "./access.ts";
import { noOtherServices } from "./other-services.ts";
import { holds, page, paging } from "./paging.ts";

const projectId = z.string().min(1);

export const projectProcedures: Procedures = {
  "project.create": mutation(
    z.object({ name: z.string().min(1), description: z.string().nullish(), env: z.string().optional() }),
    (input, call) => {
      if (isOutsider(call)) {
        throw badRequest('Error creating the project: unauthorized to access resource "project"');
      }
      const { db, now, server } = call.dokploy;
      // Names are not unique: the same request twice makes two projects.
      const project = db.projects.insert({
        projectId: newId(),
        name: input.name,
        description: input.description ?? null,
        createdAt: now().toISOString(),
        organizationId: server().organizationId,
        env: input.env ?? "",
      });
      const environment = db.environments.insert({
        environmentId: newId(),
        name: "production",
        description: "Production environment",
        createdAt: now().toISOString(),
        env: "",
        projectId: project.projectId,
        isDefault: true,
      });
      grantAccess(call, { projects: project.projectId, environments: environment.environmentId });
      return { project, environment };
    },
  ),
  "project.one": query(z.object({ projectId }), (input, call) => {
    const project = findProject(call, input.projectId);
    return withEnvironments(call, project, (environment, composes) => ({
      ...environment,
      ...noOtherServices(),
      compose: composes.map(({ composeId, name, appName, description, createdAt, composeStatus, serverId }) => {
        return { composeId, name, appName, description, createdAt, composeStatus, serverId, server: null };
      }),
    }));
  }),
  "project.all": bareQuery((call) => {
    if (isOutsider(call)) return [];
    return call.dokploy.db.projects.all().map((project) =>
      withEnvironments(call, project, ({ environmentId, name, isDefault }, composes) => ({
        environmentId,
        name,
        isDefault,
        ...noOtherServices(),
        compose: composes.map(({ composeId, name, composeStatus }) => ({ composeId, name, composeStatus })),
      })),
    );
  }),
  "project.search": query(
    z.object({
      q: z.string().optional(),
      name: z.string().optional(),
      description: z.string().optional(),
      ...paging,
    }),
    (input, call) => {
      if (isOutsider(call)) return page([], input);
      const found = call.dokploy.db.projects
        .all()
        .filter(
          ({ name, description }) =>
            (holds(name, input.q) || holds(description, input.q)) &&
            holds(name, input.name) &&
            holds(description, input.description),
        );
      return page(found.reverse(), input);
    },
  ),
  "project.update": mutation(
    z.object({
      projectId,
      name: z.string().min(1).optional(),
      description: z.string().nullish(),
      createdAt: z.string().optional(),
      organizationId: z.string().optional(),
      env: z.string().optional(),
    }),
    ({ projectId, ...patch }, call) => {
      findProject(call, projectId);
      return call.dokploy.db.projects.update(projectId, defined(patch) as Partial<ProjectRow>);
    },
  ),
  "project.remove": mutation(z.object({ projectId }), (input, call) => {
    const project = findProject(call, input.projectId);
    for (const { environmentId } of call.dokploy.db.environments.of(project.projectId)) {
      removeEnvironmentRows(call, environmentId);
    }
    return call.dokploy.db.projects.remove(project.projectId);
  }),
};

function withEnvironments<T>(
  { dokploy: { db } }: Call,
  project: ProjectRow,
  show: (environment: EnvironmentRow, composes: ComposeRow[]) => T,
) {
  const environments = db.environments
    .of(project.projectId)
    .map((environment) => show(environment, db.composes.of(environment.environmentId)));
  return { ...project, environments, projectTags: [] };
}

/** Without the keys that were not sent: an update changes only those that were. */
export function defined<T extends object>(patch: T): Partial<T> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Partial<T>;
}

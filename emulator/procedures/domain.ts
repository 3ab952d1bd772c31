import { z } from "zod";
import { badRequest, notFound } from "../rpc/error.ts";
import { type Call, mutation, type Procedures, query } from "../rpc/procedure.ts";
import { newId } from "../state/ids.ts";
import type { DomainRow } from "../state/records.ts";
import { findCompose } from "./access.ts";
import { defined } from "./project.ts";

const LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const HOST = new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`);

/** Dokploy's checks in their order: an empty host, or one with blanks at its ends, gets no further. */
const host = z
  .string()
  .min(1, "Add a hostname")
  .refine((value) => value === value.trim(), { message: "Domain name cannot have leading or trailing spaces" })
  .transform((value) => value.trim())
  .refine((value) => HOST.test(value), {
    message:
      "Invalid domain name. Use only letters, numbers, hyphens and dots (e.g. example.com). Underscores are not allowed.",
  });

const fields = {
  host,
  path: z.string().min(1).nullish(),
  port: z.number().min(1, "Port must be at least 1").max(65_535, "Port must be 65535 or below").nullish(),
  customEntrypoint: z.string().nullish(),
  https: z.boolean().optional(),
  certificateType: z.enum(["letsencrypt", "none", "custom"]).optional(),
  customCertResolver: z.string().nullish(),
  serviceName: z.string().nullish(),
  domainType: z.enum(["compose", "application", "preview"]).nullish(),
  internalPath: z.string().nullish(),
  stripPath: z.boolean().optional(),
  middlewares: z.array(z.string()).nullish(),
  forwardAuthEnabled: z.boolean().optional(),
};

const one = z.object({ domainId: z.string().min(1) });

/** Rows only: a change takes effect at the service's next deployment. Nothing is checked against the compose text. */
export const domainProcedures: Procedures = {
  "domain.create": mutation(z.object({ ...fields, composeId: z.string().nullish() }), (input, call) => {
    const composeId = input.composeId ?? "";
    // Whatever goes wrong here, Dokploy makes a 400 of it.
    if (call.dokploy.db.composes.get(composeId) === undefined) throw badRequest("Compose not found");
    const { db, now } = call.dokploy;
    return db.domains.insert({
      domainId: newId(),
      host: input.host,
      https: input.https ?? false,
      port: input.port === undefined ? 3000 : input.port,
      customEntrypoint: input.customEntrypoint ?? null,
      path: input.path === undefined ? "/" : input.path,
      serviceName: input.serviceName ?? null,
      domainType: input.domainType ?? "application",
      uniqueConfigKey: nextConfigKey(call),
      createdAt: now().toISOString(),
      composeId,
      customCertResolver: input.customCertResolver ?? null,
      applicationId: null,
      previewDeploymentId: null,
      certificateType: input.certificateType ?? "none",
      internalPath: input.internalPath === undefined ? "/" : input.internalPath,
      stripPath: input.stripPath ?? false,
      middlewares: input.middlewares === undefined ? [] : input.middlewares,
      forwardAuthEnabled: input.forwardAuthEnabled ?? false,
      enabled: true,
    });
  }),
  "domain.one": query(one, (input, call) => findDomain(call, input.domainId)),
  "domain.byComposeId": query(z.object({ composeId: z.string().min(1) }), (input, call) => {
    const { composeId, appName, name } = findCompose(call, input.composeId);
    return call.dokploy.db.domains.of(composeId).map((row) => ({ ...row, compose: { composeId, appName, name } }));
  }),
  "domain.update": mutation(
    z.object({ ...fields, enabled: z.boolean().optional(), domainId: z.string() }),
    ({ domainId, ...patch }, call) => {
      findDomain(call, domainId);
      return call.dokploy.db.domains.update(domainId, defined(patch) as Partial<DomainRow>);
    },
  ),
  "domain.toggleEnable": mutation(one, (input, call) => {
    const { enabled } = findDomain(call, input.domainId);
    return { ...call.dokploy.db.domains.update(input.domainId, { enabled: !enabled }), requiresRedeploy: true };
  }),
  "domain.delete": mutation(one, (input, call) => {
    findDomain(call, input.domainId);
    return call.dokploy.db.domains.remove(input.domainId);
  }),
};

function findDomain({ dokploy }: Call, id: string): DomainRow {
  const row = dokploy.db.domains.get(id);
  if (row === undefined) throw notFound("Domain");
  return row;
}

/** A number that no other domain has had: it is part of the router's name. */
function nextConfigKey({ dokploy: { db, server } }: Call): number {
  const { organizationId, domainCount } = server();
  db.servers.update(organizationId, { domainCount: domainCount + 1 });
  return domainCount + 1;
}

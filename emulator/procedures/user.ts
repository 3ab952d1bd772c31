import { z } from "zod";
import { badRequest, notFound, RpcError } from "../rpc/error.ts";
import { bareQuery, type Call, mutation, type Procedures, query } from "../rpc/procedure.ts";
import { newId } from "../state/ids.ts";
import type { ApiKeyRow, UserRow } from "../state/records.ts";

export const userProcedures: Procedures = {
  "user.session": bareQuery(({ user, dokploy }) => ({
    user: { id: user.id },
    session: { activeOrganizationId: dokploy.server().organizationId },
  })),
  "user.get": bareQuery((call) => ({ ...membership(call, call.user), user: profile(call, call.user) })),
  "user.createApiKey": mutation(
    z.object({
      name: z.string().min(1).max(32, "Name must be at most 32 characters"),
      prefix: z.string().optional(),
      expiresIn: z.number().optional(),
      metadata: z.object({ organizationId: z.string() }),
      rateLimitEnabled: z.boolean().optional(),
      rateLimitTimeWindow: z.number().optional(),
      rateLimitMax: z.number().optional(),
      remaining: z.number().optional(),
      refillAmount: z.number().optional(),
      refillInterval: z.number().optional(),
    }),
    ({ metadata, ...wanted }, { user, dokploy }) => {
      if (metadata.organizationId !== dokploy.server().organizationId) {
        throw new RpcError("FORBIDDEN", "You are not a member of this organization");
      }
      const { key, row } = dokploy.keys.create(user, { ...wanted, organizationId: metadata.organizationId });
      return keyAnswer(row, key, dokploy.now().toISOString());
    },
  ),
  "user.deleteApiKey": mutation(z.object({ apiKeyId: z.string() }), ({ apiKeyId }, { user, dokploy }) => {
    if (dokploy.db.apiKeys.get(apiKeyId)?.userId !== user.id) throw notFound("API key");
    dokploy.db.apiKeys.remove(apiKeyId);
    return true;
  }),
  "user.createUserWithCredentials": mutation(
    z.object({ email: z.email(), password: z.string().min(8), role: z.string().min(1) }),
    ({ email, role }, { dokploy }) => {
      if (role !== "member" && role !== "admin") throw badRequest("Invalid role");
      const user = dokploy.db.users.insert({
        id: newId(),
        memberId: newId(),
        email,
        firstName: "",
        role,
        createdAt: dokploy.now().toISOString(),
      });
      return { userId: user.id, email, role };
    },
  ),
  "organization.all": bareQuery((call) => [{ ...organization(call), members: [membership(call, call.user)] }]),
  "organization.active": bareQuery(organization),
  "organization.one": query(z.object({ organizationId: z.string() }), (input, call) => {
    if (input.organizationId !== call.dokploy.server().organizationId) throw notFound("Organization");
    return organization(call);
  }),
};

function organization({ dokploy: { db, server } }: Call) {
  const { organizationId, organizationName, createdAt } = server();
  return {
    id: organizationId,
    name: organizationName,
    slug: null,
    logo: null,
    createdAt,
    metadata: null,
    defaultRole: null,
    ownerId: db.users.all().find(({ role }) => role === "owner")?.id,
  };
}

function membership({ dokploy }: Call, user: UserRow) {
  return {
    id: user.memberId,
    organizationId: dokploy.server().organizationId,
    userId: user.id,
    role: user.role,
    createdAt: user.createdAt,
    teamId: null,
    isDefault: true,
    canCreateProjects: false,
    canAccessToSSHKeys: false,
    canCreateServices: false,
    canDeleteProjects: false,
    canDeleteServices: false,
    canAccessToDocker: false,
    canAccessToAPI: false,
    canAccessToGitProviders: false,
    canAccessToTraefikFiles: false,
    canDeleteEnvironments: false,
    canCreateEnvironments: false,
    accessedProjects: user.accessed?.projects ?? [],
    accessedEnvironments: user.accessed?.environments ?? [],
    accessedServices: user.accessed?.services ?? [],
    accessedGitProviders: [],
    accessedServers: [],
  };
}

function profile({ dokploy }: Call, user: UserRow) {
  return {
    id: user.id,
    firstName: user.firstName,
    lastName: "",
    email: user.email,
    image: null,
    allowImpersonation: false,
    twoFactorEnabled: false,
    stripeCustomerId: null,
    stripeSubscriptionId: null,
    serversQuantity: 0,
    isEnterpriseCloud: false,
    sendInvoiceNotifications: false,
    apiKeys: dokploy.db.apiKeys
      .all()
      .filter(({ userId }) => userId === user.id)
      .map(({ id, name, expiresAt, createdAt = user.createdAt }) => {
        return { id, name, prefix: null, enabled: true, expiresAt, createdAt };
      }),
  };
}

/** The only answer that holds the key itself. */
function keyAnswer(row: ApiKeyRow, key: string, at: string) {
  return {
    configId: "default",
    name: row.name,
    start: row.start,
    referenceId: row.userId,
    prefix: null,
    key,
    refillInterval: null,
    refillAmount: null,
    lastRefillAt: null,
    enabled: true,
    rateLimitEnabled: row.rateLimitEnabled,
    rateLimitTimeWindow: row.rateLimitTimeWindow,
    rateLimitMax: row.rateLimitMax,
    requestCount: 0,
    remaining: row.remaining,
    lastRequest: null,
    expiresAt: row.expiresAt,
    createdAt: at,
    updatedAt: at,
    permissions: null,
    metadata: null,
    id: row.id,
  };
}

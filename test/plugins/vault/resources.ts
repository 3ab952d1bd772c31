import type { Props } from "../props.ts";
import { demand, request } from "./api.ts";

/** One type of resource: how the real server gets it. `read` answers undefined for what is gone. */
export interface ResourceType {
  /** Inputs that cannot be changed afterwards. */
  fixed: string[];
  /** Outputs that are secrets. */
  secret?: string[];
  create(inputs: Props): Promise<{ id: string; outs: Props }>;
  read(id: string, props: Props): Promise<Props | undefined>;
  update?(id: string, inputs: Props): Promise<Props>;
  remove(id: string, props: Props): Promise<void>;
}

const mount: ResourceType = {
  fixed: ["path", "type"],
  async create(inputs) {
    await demand("POST", `sys/mounts/${inputs.path}`, snake(inputs, ["path"]));
    return { id: String(inputs.path), outs: inputs };
  },
  async read(id, props) {
    const all = await demand("GET", "sys/mounts");
    const found = all.data?.[`${id}/`];
    return found && { ...props, path: id, type: found.type, description: found.description, accessor: found.accessor };
  },
  update: async (_id, inputs) => inputs,
  remove: async (id) => void (await request("DELETE", `sys/mounts/${id}`)),
};

const authBackend: ResourceType = {
  fixed: ["path", "type"],
  async create(inputs) {
    const path = String(inputs.path ?? inputs.type);
    await demand("POST", `sys/auth/${path}`, { type: inputs.type });
    return { id: path, outs: { ...inputs, path, accessor: await accessorOf(path) } };
  },
  async read(id, props) {
    const accessor = await accessorOf(id);
    return accessor === undefined ? undefined : { ...props, path: id, accessor };
  },
  remove: async (id) => void (await request("DELETE", `sys/auth/${id}`)),
};

const policy: ResourceType = {
  fixed: ["name"],
  async create(inputs) {
    await demand("PUT", `sys/policies/acl/${inputs.name}`, { policy: inputs.policy });
    return { id: String(inputs.name), outs: inputs };
  },
  async read(id) {
    const found = await request("GET", `sys/policies/acl/${id}`);
    return found && { name: id, policy: found.data.policy };
  },
  async update(id, inputs) {
    await demand("PUT", `sys/policies/acl/${id}`, { policy: inputs.policy });
    return inputs;
  },
  remove: async (id) => void (await request("DELETE", `sys/policies/acl/${id}`)),
};

const entity: ResourceType = {
  fixed: [],
  async create(inputs) {
    const { data } = await demand("POST", "identity/entity", snake(inputs));
    return { id: data.id, outs: inputs };
  },
  async read(id) {
    const found = await request("GET", `identity/entity/id/${id}`);
    return found && { name: found.data.name, metadata: found.data.metadata ?? {} };
  },
  async update(id, inputs) {
    await demand("POST", `identity/entity/id/${id}`, snake(inputs));
    return inputs;
  },
  remove: async (id) => void (await request("DELETE", `identity/entity/id/${id}`)),
};

const entityAlias: ResourceType = {
  fixed: ["mountAccessor"],
  async create(inputs) {
    const { data } = await demand("POST", "identity/entity-alias", snake(inputs));
    return { id: data.id, outs: inputs };
  },
  async read(id) {
    const found = await request("GET", `identity/entity-alias/id/${id}`);
    if (!found) return undefined;
    return { name: found.data.name, mountAccessor: found.data.mount_accessor, canonicalId: found.data.canonical_id };
  },
  async update(id, inputs) {
    await demand("POST", `identity/entity-alias/id/${id}`, snake(inputs));
    return inputs;
  },
  remove: async (id) => void (await request("DELETE", `identity/entity-alias/id/${id}`)),
};

const role: ResourceType = {
  fixed: ["backend", "roleName"],
  async create(inputs) {
    const id = `auth/${backendOf(inputs)}/role/${inputs.roleName}`;
    await demand("POST", id, snake(inputs, ["backend", "roleName"]));
    return { id, outs: { ...inputs, roleId: await roleIdOf(id) } };
  },
  async read(id, props) {
    const found = await request("GET", id);
    return found && { ...props, roleId: await roleIdOf(id), tokenPolicies: found.data.token_policies };
  },
  async update(id, inputs) {
    await demand("POST", id, snake(inputs, ["backend", "roleName"]));
    return { ...inputs, roleId: await roleIdOf(id) };
  },
  remove: async (id) => void (await request("DELETE", id)),
};

const secretId: ResourceType = {
  fixed: ["backend", "roleName", "metadata", "cidrLists", "numUses", "ttl"],
  secret: ["secretId"],
  async create(inputs) {
    const base = `auth/${backendOf(inputs)}/role/${inputs.roleName}`;
    const { data } = await demand("POST", `${base}/secret-id`, snake(inputs, ["backend", "roleName"]));
    const { secret_id: value, secret_id_accessor: accessor } = data;
    const id = `backend=${backendOf(inputs)}::role=${inputs.roleName}::accessor=${accessor}`;
    return { id, outs: { ...inputs, accessor, secretId: value } };
  },
  async read(_id, props) {
    const base = `auth/${backendOf(props)}/role/${props.roleName}/secret-id-accessor/lookup`;
    const found = await request("POST", base, { secret_id_accessor: props.accessor }).catch((error: Error) => {
      // Vault answers 403 or 500 for an accessor that is gone, depending on its release.
      if (/invalid.*accessor|failed to find accessor/i.test(error.message)) return undefined;
      throw error;
    });
    return found && props;
  },
  async remove(_id, props) {
    const base = `auth/${backendOf(props)}/role/${props.roleName}/secret-id-accessor/destroy`;
    await request("POST", base, { secret_id_accessor: props.accessor });
  },
};

/** The types that this project uses. */
export const RESOURCE_TYPES: Record<string, ResourceType> = {
  "vault:index/mount:Mount": mount,
  "vault:index/authBackend:AuthBackend": authBackend,
  "vault:index/policy:Policy": policy,
  "vault:identity/entity:Entity": entity,
  "vault:identity/entityAlias:EntityAlias": entityAlias,
  "vault:appRole/authBackendRole:AuthBackendRole": role,
  "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId": secretId,
};

/** The functions that this project uses. */
export const FUNCTIONS: Record<string, (args: Props) => Promise<Props>> = {
  "vault:index/getAuthBackend:getAuthBackend": async ({ path }) => {
    const accessor = await accessorOf(String(path));
    if (accessor === undefined) throw new Error(`no auth backend at ${path}`);
    return { id: path, path, type: "approle", accessor };
  },
};

async function accessorOf(path: string): Promise<string | undefined> {
  return (await demand("GET", "sys/auth")).data?.[`${path}/`]?.accessor;
}

async function roleIdOf(id: string): Promise<string> {
  return (await demand("GET", `${id}/role-id`)).data.role_id;
}

function backendOf({ backend }: Props): string {
  return String(backend ?? "approle");
}

/** `tokenPolicies` → `token_policies`, as Vault's API wants it. */
function snake(inputs: Props, without: string[] = []): Props {
  const entries = Object.entries(inputs).filter(([key]) => !without.includes(key) && !key.startsWith("__"));
  return Object.fromEntries(
    entries.map(([key, value]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}

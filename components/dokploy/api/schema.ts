import { z } from "zod";

// Answers are read leniently: unknown fields are ignored, and what older servers lack has a default.

const text = z.string().nullish();

/** One row of a compose's deployments. `status`: running | done | error | cancelled. */
export const deploymentRow = z.object({
  deploymentId: z.string(),
  title: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
  description: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
  status: z
    .string()
    .nullish()
    .transform((value) => value ?? "running"),
  createdAt: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
  startedAt: text,
  finishedAt: text,
});
export type DeploymentRow = z.infer<typeof deploymentRow>;

export const domainRow = z.object({
  domainId: z.string(),
  host: z.string(),
  https: z.boolean().nullish(),
  port: z.number().nullish(),
  path: text,
  internalPath: text,
  stripPath: z.boolean().nullish(),
  serviceName: text,
  certificateType: text,
  customCertResolver: text,
  customEntrypoint: text,
  middlewares: z.array(z.string()).nullish(),
  forwardAuthEnabled: z.boolean().nullish(),
  enabled: z.boolean().nullish(),
  createdAt: text,
});
export type DomainRow = z.infer<typeof domainRow>;

const projectRow = z.object({
  projectId: z.string(),
  name: z.string(),
  description: text,
  createdAt: text,
  organizationId: text,
});

/** What `compose.create` and `compose.update` answer. */
export const composeRow = z.object({ composeId: z.string(), appName: z.string() });

/** What `compose.one` answers, as far as we look at it. */
export const composeRecord = z.object({
  composeId: z.string(),
  name: z.string(),
  appName: z.string(),
  description: text,
  env: text,
  composeFile: text,
  sourceType: text,
  composeType: text,
  autoDeploy: z.boolean().nullish(),
  command: text,
  createEnvFile: z.boolean().nullish(),
  composePath: text,
  suffix: text,
  randomize: z.boolean().nullish(),
  isolatedDeployment: z.boolean().nullish(),
  serviceNetworks: z.array(z.unknown()).nullish(),
  environmentId: z.string(),
  environment: z.object({ projectId: z.string(), project: projectRow }),
  deployments: z
    .array(deploymentRow)
    .nullish()
    .transform((value) => value ?? []),
  domains: z
    .array(domainRow)
    .nullish()
    .transform((value) => value ?? []),
});
export type ComposeRecord = z.infer<typeof composeRecord>;

/** One service in a listing. */
export const composeEntry = z.object({ composeId: z.string(), name: z.string(), description: text });
export type ComposeEntry = z.infer<typeof composeEntry>;

/** Services of other kinds: only whether there are any matters. */
const others = z.array(z.unknown()).nullish();
const otherServices = {
  applications: others,
  mariadb: others,
  mongo: others,
  mysql: others,
  postgres: others,
  redis: others,
  libsql: others,
};

export const environmentRecord = z.object({
  environmentId: z.string(),
  name: z.string(),
  description: text,
  isDefault: z.boolean().nullish(),
  projectId: z.string(),
  project: projectRow,
  compose: z
    .array(composeEntry)
    .nullish()
    .transform((value) => value ?? []),
  ...otherServices,
});
export type EnvironmentRecord = z.infer<typeof environmentRecord>;

/** Whether an environment holds any service, of whatever kind. */
export function holdsServices(environment: { compose: unknown[]; [kind: string]: unknown }): boolean {
  const lists = [environment.compose, ...Object.keys(otherServices).map((kind) => environment[kind])];
  return lists.some((list) => Array.isArray(list) && list.length > 0);
}

export const projectEntry = projectRow.extend({
  environments: z
    .array(
      z.object({
        environmentId: z.string(),
        name: z.string(),
        description: text,
        isDefault: z.boolean().nullish(),
        compose: z
          .array(z.unknown())
          .nullish()
          .transform((value) => value ?? []),
        ...otherServices,
      }),
    )
    .nullish()
    .transform((value) => value ?? []),
});
export type ProjectEntry = z.infer<typeof projectEntry>;

/** What `project.one` answers: `project.all` does not tell the names of Compose's projects. */
export const wholeProject = z.object({
  environments: z.array(
    z.object({
      compose: z
        .array(z.object({ appName: z.string(), name: z.string(), description: text }))
        .nullish()
        .transform((value) => value ?? []),
    }),
  ),
});

export const projectCreated = z.object({
  project: projectRow,
  environment: z.object({ environmentId: z.string(), name: z.string() }).nullish(),
});

export const environmentCreated = z.object({ environmentId: z.string(), name: z.string(), projectId: z.string() });

/** What `user.get` answers: the membership of the key's user in its organization. */
export const membership = z.object({ role: z.string().min(1) });

/** One entry of the server's deployment queue. `state`: waiting | active. */
export const queueEntry = z.object({
  id: z.union([z.string(), z.number()]).transform(String),
  data: z.object({ composeId: text, titleLog: text, descriptionLog: text }).nullish(),
  state: text,
});
export type QueueEntry = z.infer<typeof queueEntry>;

/** One container as `docker ps -a` prints it. */
export const containerRow = z.object({
  containerId: z.string(),
  name: z.string(),
  state: z.string(),
  status: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
});
export type ContainerRow = z.infer<typeof containerRow>;

/** What `docker.getConfig` answers of one container, as far as we look at it. */
export const containerConfig = z.object({
  Id: z.string(),
  State: z.object({ Running: z.boolean(), StartedAt: z.string(), ExitCode: z.number() }),
  RestartCount: z.number(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
  Mounts: z.array(z.object({ Name: text, Destination: z.string() })).nullish(),
});
export type ContainerConfig = z.infer<typeof containerConfig>;

/** One row of `dockerVolume.getVolumes`, as `docker volume ls` prints it: labels as `a=b,c=d`. */
export const volumeRow = z
  .object({ Name: z.string(), Labels: text })
  // A volume's key has neither comma nor `=`.
  .transform(({ Name, Labels }) => ({
    name: Name,
    /** Its key in the compose file that made it; undefined when Compose did not make it. */
    key: /(?:^|,)com\.docker\.compose\.volume=([^,]*)/.exec(Labels ?? "")?.[1],
  }));
export type VolumeRow = z.infer<typeof volumeRow>;

/** One row of `network.all`: a network that Dokploy knows, whether Docker still has it or not. */
export const networkRow = z.object({ networkId: z.string(), name: z.string(), driver: text });
export type NetworkRow = z.infer<typeof networkRow>;

/** What `network.networksToSync` answers: networks of Docker that Dokploy has no row of, and rows without a network. */
export const networksToSync = z.object({
  importable: z.array(z.object({ name: z.string(), driver: text, subnets: z.array(z.string()).nullish() })),
  missing: z.array(z.object({ networkId: z.string(), name: z.string() })),
});
export type NetworksToSync = z.infer<typeof networksToSync>;

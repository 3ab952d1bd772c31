import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { badRequest, notFound } from "../rpc/error.ts";
import { type Call, mutation, type Procedures, query } from "../rpc/procedure.ts";
import { newId } from "../state/ids.ts";
import type { MountRow } from "../state/records.ts";
import { findCompose } from "./access.ts";
import { defined } from "./project.ts";

const type = z.enum(["bind", "volume", "file"]);
const serviceType = z.enum(["application", "postgres", "mysql", "mariadb", "mongo", "redis", "compose", "libsql"]);
const mountPath = z.string().min(1);
const mountId = z.string().min(1);
const sources = {
  hostPath: z.string().nullish(),
  volumeName: z.string().nullish(),
  content: z.string().nullish(),
  filePath: z.string().nullish(),
};

/** File mounts are written at once, below `files/` beside `code/`; a compose file reaches them as `../files/<path>`. */
export const mountProcedures: Procedures = {
  "mounts.create": mutation(
    z.object({ type, ...sources, mountPath, serviceType: serviceType.optional(), serviceId: z.string().min(1) }),
    (input, call) => {
      findCompose(call, input.serviceId);
      const row = call.dokploy.db.mounts.insert({
        mountId: newId(),
        type: input.type,
        hostPath: input.hostPath ?? null,
        volumeName: input.volumeName ?? null,
        filePath: input.filePath ?? null,
        content: input.content ?? null,
        serviceType: input.serviceType ?? "compose",
        mountPath: input.mountPath,
        applicationId: null,
        composeId: input.serviceId,
        libsqlId: null,
        mariadbId: null,
        mongoId: null,
        mysqlId: null,
        postgresId: null,
        redisId: null,
      });
      writeMount(call, row);
      return row;
    },
  ),
  "mounts.one": query(z.object({ mountId }), (input, call) => findMount(call, input.mountId)),
  "mounts.listByServiceId": query(
    z.object({ serviceType: z.string().min(1), serviceId: z.string().min(1) }),
    (input, call) => call.dokploy.db.mounts.of(input.serviceId),
  ),
  "mounts.allNamedByApplicationId": query(z.object({ applicationId: z.string().min(1) }), () => {
    throw notFound("Application");
  }),
  "mounts.update": mutation(
    z.object({
      mountId,
      type: type.optional(),
      ...sources,
      serviceType: serviceType.optional(),
      mountPath: mountPath.optional(),
    }),
    ({ mountId, ...patch }, call) => {
      removeFile(call, findMount(call, mountId));
      const row = call.dokploy.db.mounts.update(mountId, defined(patch) as Partial<MountRow>);
      if (row !== undefined) writeMount(call, row);
      return row;
    },
  ),
  "mounts.remove": mutation(z.object({ mountId: z.string() }), (input, call) => {
    removeFile(call, findMount(call, input.mountId));
    return call.dokploy.db.mounts.remove(input.mountId);
  }),
};

function findMount({ dokploy }: Call, id: string): MountRow {
  const row = dokploy.db.mounts.get(id);
  if (row === undefined) throw notFound("Mount");
  return row;
}

function writeMount(call: Call, row: MountRow): void {
  const file = fileOf(call, row);
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, row.content ?? "");
}

function removeFile(call: Call, row: MountRow): void {
  const file = fileOf(call, row);
  if (file !== undefined) rmSync(file, { force: true });
}

function fileOf({ dokploy: { db, folders } }: Call, { type, filePath, composeId }: MountRow): string | undefined {
  const appName = composeId === null ? undefined : db.composes.get(composeId)?.appName;
  if (type !== "file" || !filePath || appName === undefined) return undefined;
  const file = join(folders.files(appName), filePath);
  // Unlike the real server, which runs as root in a container, this one must not write outside its own folder.
  if (relative(folders.files(appName), file).startsWith("..")) throw badRequest("Invalid file path");
  return file;
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { defaultCommand } from "../deploy/command.ts";
import type { ComposeDocument } from "../deploy/compose-document.ts";
import { convertCompose } from "../deploy/convert-compose.ts";
import { writeRawCompose } from "../deploy/write-compose.ts";
import { notFound, RpcError } from "../rpc/error.ts";
import { type Call, mutation, type Procedures, query } from "../rpc/procedure.ts";
import type { ComposeRow } from "../state/records.ts";
import { findCompose } from "./access.ts";
import { composeId } from "./compose-schema.ts";

const one = z.object({ composeId });

/** What looks at the compose text. Some of these write `code/` again and lose its `.env` and labels, as in Dokploy. */
export const composeFileProcedures: Procedures = {
  "compose.getDefaultCommand": query(
    one,
    (input, call) => `docker ${defaultCommand(findCompose(call, input.composeId))}`,
  ),
  "compose.getConvertedCompose": query(one, (input, call) => {
    const compose = findCompose(call, input.composeId);
    return convertCompose(compose, call.dokploy.db.domains.of(compose.composeId)) ?? "";
  }),
  "compose.loadServices": query(
    z.object({ composeId, type: z.enum(["fetch", "cache"]).default("cache") }),
    (input, call) => {
      const compose = findCompose(call, input.composeId);
      if (input.type === "fetch") fetchSource(call, compose);
      const text = input.type === "fetch" ? convertCompose(compose, []) : textOnDisk(call, compose);
      const services = Object.keys((parse(text ?? "") as ComposeDocument | null)?.services ?? {});
      if (services.length === 0) throw notFound("Services");
      return services;
    },
  ),
  "compose.fetchSourceType": mutation(one, (input, call) => {
    const compose = findCompose(call, input.composeId);
    fetchSource(call, compose);
    return compose.sourceType;
  }),
  "compose.randomizeCompose": mutation(z.object({ composeId, suffix: z.string().optional() }), (input, call) => {
    const compose = findCompose(call, input.composeId);
    const suffix = input.suffix || compose.suffix;
    return preview({ ...compose, randomize: true, isolatedDeployment: false, suffix });
  }),
  "compose.isolatedDeployment": mutation(z.object({ composeId, suffix: z.string().optional() }), (input, call) => {
    const compose = findCompose(call, input.composeId);
    fetchSource(call, compose);
    return preview({ ...compose, isolatedDeployment: true, suffix: input.suffix || compose.suffix });
  }),
};

function preview(compose: ComposeRow): string {
  const text = convertCompose(compose, []);
  if (text === undefined) throw new RpcError("BAD_REQUEST", "Compose file not found");
  return text;
}

function fetchSource({ dokploy: { folders } }: Call, compose: ComposeRow): void {
  writeRawCompose(folders.code(compose.appName), compose.composeFile);
}

function textOnDisk({ dokploy: { folders } }: Call, { appName }: ComposeRow): string | undefined {
  const file = join(folders.code(appName), "docker-compose.yml");
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { Context } from "../context.ts";
import { isTrue } from "../is-true.ts";
import type { ComposeConfig, ComposeService, FileGrant, Mount } from "../model.ts";
import { mountTargets, readMount } from "../mount.ts";
import type { PlainFile, PlainService } from "../normalise.ts";
import type { Path } from "../problem.ts";
import { isAlteredContent } from "../round-trip.ts";
import { escapeDollars, variablesIn } from "../variables.ts";

/** The file with its configs inlined, and the env that carries those which YAML cannot. */
export interface Inlined {
  compose: PlainFile;
  env: Record<string, string>;
}

/**
 * Turns files beside the compose file (bind mounts, `configs.file`) into inline configs.
 * Each is named by its content's hash: Compose does not recreate a container for new content under an old name.
 */
export function inlineFiles(compose: PlainFile, context: Context): Inlined {
  const configs: Record<string, ComposeConfig> = {};
  const env: Record<string, string> = {};

  const inline = (file: string, path: Path): FileGrant | undefined => {
    const content = readText(file, path, context);
    if (content === undefined) return undefined;
    const { name, config, carried } = toConfig(posix.basename(file), content.text, path, context);
    configs[name] = config;
    Object.assign(env, carried);
    return content.executable ? { source: name, mode: "0555" } : { source: name };
  };

  const renamed = new Map<string, FileGrant>();
  for (const [name, config] of Object.entries(compose.configs ?? {})) {
    const path = ["configs", name];
    if (config.file !== undefined) {
      const grant = inline(config.file, [...path, "file"]);
      if (grant) renamed.set(name, grant);
    } else if (config.content !== undefined || config.environment !== undefined) {
      const full = nameByHash(name, configText(config, context));
      configs[full] = { content: config.content, environment: config.environment };
      renamed.set(name, { source: full });
      if (config.content !== undefined && isAlteredContent(config.content)) {
        context.report(
          [...path, "content"],
          "Dokploy would alter this text",
          "put it into a file beside the compose file",
        );
      }
    } else context.report(path, "the server does not have this config", "put the file beside the compose file");
  }

  const services = Object.entries(compose.services).map(([key, service]) => {
    const path = ["services", key];
    const grants = (service.configs ?? []).flatMap((grant) => {
      const long = typeof grant === "string" ? { source: grant } : grant;
      const name = long.source ?? "";
      const target = renamed.get(name);
      if (target) return [{ target: `/${name}`, ...target, ...withoutSource(long) }];
      return [];
    });
    const kept: (string | Mount)[] = [];
    const sight = context.seen.services[key];
    for (const [index, mount] of (service.volumes ?? []).entries()) {
      const read = readMount(sight?.volumes?.[index] ?? mount);
      if (read.kind !== "file") kept.push(mount);
      else {
        const grant = inline(read.source, [...path, "volumes", index]);
        if (grant) grants.push({ target: escapeDollars(read.target), ...grant });
      }
    }
    const plain: PlainService = { ...service, configs: grants, volumes: kept };
    refuseHiddenConfigs(path, grants, sight ?? {}, context);
    return [key, plain];
  });
  return { compose: { ...compose, configs, services: Object.fromEntries(services) }, env };
}

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md#the-pointer */
const LFS_POINTER =
  /^version https:\/\/(git-lfs|hawser)\.github\.com\/spec\/v\d+\r?\n([a-z0-9.-]+ .*\n)*oid [a-z0-9]+:[0-9a-f]+\r?\n/;

/** Whether a text only stands for a file that Git LFS keeps elsewhere. */
export function isLfsPointer(text: string): boolean {
  return LFS_POINTER.test(text);
}

function withoutSource({ source: _source, ...rest }: FileGrant): FileGrant {
  return rest;
}

function readText(file: string, path: Path, context: Context): { text: string; executable: boolean } | undefined {
  const relative = posix.normalize(file);
  if (/^(\.\.\/)+files(\/|$)/.test(relative)) {
    context.report(
      path,
      `\`${file}\` is where Dokploy keeps files of its own for a service, and they are not in the repository`,
      "use a named volume for data, or put the file beside the compose file",
    );
    return undefined;
  }
  if (relative.startsWith("..") || posix.isAbsolute(relative)) {
    context.report(path, `\`${file}\` is outside of the service's folder`, "put the file beside the compose file");
    return undefined;
  }
  const found = context.readFile(relative);
  if (found === "submodule") {
    context.report(
      path,
      `\`${file}\` lies in a Git submodule, which a release does not hold`,
      "commit the file itself beside the compose file",
    );
    return undefined;
  }
  if (found === undefined) {
    context.report(
      path,
      `there is no file \`${file}\` beside the compose file`,
      "add it, or use a named volume for data",
    );
    return undefined;
  }
  if (found === "directory") {
    context.report(path, `\`${file}\` is a folder`, "mount its files one by one, or use a named volume for data");
    return undefined;
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(found.bytes);
    if (isLfsPointer(text)) {
      const hint = "commit the file itself (`git lfs untrack` it and add it again), or put it into the image";
      context.report(path, `\`${file}\` is a Git LFS pointer: its content is not in the checkout`, hint);
      return undefined;
    }
    if (text !== "") return { text, executable: found.executable };
    context.report(
      path,
      `\`${file}\` is empty: Compose would make a folder of it`,
      "put something into it, if only a comment",
    );
  } catch {
    context.report(path, `\`${file}\` is not UTF-8 text`, "put binary files into the image");
  }
  return undefined;
}

/** Content goes inline when it arrives byte for byte, else through a variable, else it is refused. */
function toConfig(file: string, text: string, path: Path, context: Context) {
  const base = file.replaceAll(/[^A-Za-z0-9]+/g, "_").replaceAll(/^_+|_+$/g, "") || "file";
  const name = nameByHash(base, text);
  const carried: Record<string, string> = {};
  if (!isAlteredContent(text)) return { name, config: { content: escapeDollars(text) }, carried };
  const problem = context.envProblem(text);
  if (problem) {
    context.report(
      path,
      `Dokploy would alter \`${file}\`, and its env cannot carry it: it ${problem}`,
      "change the file, or put it into the image",
    );
  }
  const variable = `CONFIG_${name.toUpperCase()}`;
  carried[variable] = text;
  return { name, config: { environment: variable }, carried };
}

function nameByHash(name: string, content: string): string {
  return `${name}_${createHash("sha256").update(content).digest("hex").slice(0, 8)}`;
}

/** What decides over a config's content: its text and the values of the variables in it. */
function configText(config: ComposeConfig, context: Context): string {
  const env: Readonly<Record<string, string>> = context.env;
  if (config.environment !== undefined) return env[config.environment] ?? "";
  const text = config.content ?? "";
  return JSON.stringify([text, ...variablesIn(text).map(({ name }) => env[name] ?? null)]);
}

/**
 * Inline configs are written into the container's own layer: a read-only one refuses them, a mount above them hides them.
 * `service`: the container as Compose sees it, with the files beside the compose file still among its mounts.
 */
function refuseHiddenConfigs(
  path: Path,
  configs: readonly FileGrant[],
  service: ComposeService,
  context: Context,
): void {
  if (configs.length === 0) return;
  if (isTrue(service.read_only)) {
    context.report(
      [...path, "read_only"],
      "inline configs cannot be written into a `read_only` container",
      "leave `read_only` out, or put the file into the image",
    );
  }
  const kept = (service.volumes ?? []).filter((mount) => readMount(mount).kind !== "file");
  const covers = mountTargets({ ...service, volumes: kept });
  for (const grant of configs) {
    const target = grant.target ?? `/${grant.source}`;
    const cover = covers.find((mount) => target === mount || target.startsWith(`${mount.replace(/\/+$/, "")}/`));
    if (cover !== undefined)
      context.report(path, `the mount at \`${cover}\` hides \`${target}\``, "mount one of them elsewhere");
    if (typeof grant.mode === "number") {
      context.report(
        [...path, "configs"],
        "Dokploy rewrites an unquoted mode as a decimal number",
        'quote it: `"0444"`',
      );
    }
  }
}

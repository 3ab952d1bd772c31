import type { Context } from "../context.ts";
import { isTrue } from "../is-true.ts";
import type { ComposeService, FileGrant } from "../model.ts";
import { mountTargets, readMount } from "../mount.ts";
import type { Path } from "../problem.ts";

/**
 * Inline configs are written into the container's own layer: a read-only one refuses them, a mount above them hides them.
 * `service`: the container as Compose sees it, with the files beside the compose file still among its mounts.
 */
export function refuseHiddenConfigs(
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

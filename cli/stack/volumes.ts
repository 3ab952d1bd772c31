import { parse } from "yaml";
import { z } from "zod";

const volumeFile = z.object({
  volumes: z
    .record(z.string(), z.object({ name: z.string().optional(), external: z.unknown().optional() }).nullable())
    .default({}),
});

/** The volumes that a Compose project makes: key → name on the server. External ones are not its own. */
export function volumesOf(compose: { appName: string; composeFile: string | null }): Map<string, string> {
  const file = volumeFile.safeParse(readYaml(compose.composeFile ?? ""));
  const entries = Object.entries(file.success ? file.data.volumes : {});
  return new Map(
    entries.flatMap(([key, volume]) =>
      volume?.external ? [] : [[key, volume?.name ?? `${compose.appName}_${key}`] as const],
    ),
  );
}

function readYaml(text: string): unknown {
  try {
    return parse(text) ?? {};
  } catch {
    // Whoever wrote it by hand in Dokploy may have written anything.
    return {};
  }
}

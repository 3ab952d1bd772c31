import { z } from "zod";
import type { ComposeFile } from "../model.ts";
import type { Path, Report } from "../problem.ts";
import { type Allowed, type Health, NOTES, type NoteName, settingsIn } from "./notes.ts";

const names = Object.keys(NOTES) as [NoteName, ...NoteName[]];

const allow = z
  .array(
    z.strictObject({
      note: z.enum(names, { error: `is no note that can be allowed; known are ${names.join(", ")}` }),
      why: z.string("is missing; say why it is right here").trim().min(1, "is empty; say why it is right here"),
    }),
  )
  .default([]);

const onAnything = z.strictObject({ allow });
const onService = z.strictObject({
  allow,
  health: z.enum(["image", "running"], { error: "is no kind of health; write `image` or `running`" }).optional(),
});

/** What `x-dockmaster` says in a file. */
export interface OwnSettings {
  allowed: Allowed[];
  /** By container. */
  health: ReadonlyMap<string, Health>;
}

/** Reads every `x-dockmaster` of a file, of its containers and of its volumes, and reports what is wrong in them. */
export function readOwnSettings(compose: ComposeFile, report: Report): OwnSettings {
  const allowed: Allowed[] = [];
  const health = new Map<string, Health>();
  for (const { path, settings, ofService } of settingsIn(compose)) {
    const schema = ofService ? onService : onAnything;
    const place = [...path, "x-dockmaster"];
    const parsed = schema.safeParse(settings);
    for (const issue of parsed.error?.issues ?? []) explain(issue, place, report);
    if (!parsed.success) continue;
    allowed.push(...parsed.data.allow.map(({ note }) => ({ path, note })));
    const own = (parsed.data as z.infer<typeof onService>).health;
    if (own !== undefined) health.set(String(path[1]), own);
  }
  return { allowed, health };
}

/** A schema's own message is split at `; ` into what is wrong and what to do. */
function explain(issue: z.core.$ZodIssue, place: Path, report: Report): void {
  const path = [...place, ...issue.path.filter((step) => typeof step !== "symbol")];
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) {
      report([...path, key], `unknown key \`${key}\``, "known are `allow`, and `health` of a container");
    }
    return;
  }
  const [message = "", hint = "see docs/add-a-service.md"] = issue.message.split("; ");
  report(path, `\`${String(path.at(-1))}\` ${message}`, hint);
}

import { z } from "zod";
import type { ComposeFile } from "../model.ts";
import type { Path, Report } from "../problem.ts";
import { type Allowed, type Health, NOTES, type NoteName, settingsIn } from "./notes.ts";

const names = Object.keys(NOTES) as [NoteName, ...NoteName[]];

const FORM = "write `allow: [{note: …, why: …}]`";

const allow = z
  .array(
    z.strictObject(
      {
        note: z.enum(names, { error: `is no note that can be allowed; known are ${names.join(", ")}` }),
        why: z.string("is missing; say why it is right here").trim().min(1, "is empty; say why it is right here"),
      },
      { error: notA("map", FORM) },
    ),
    { error: notA("list", FORM) },
  )
  .default([]);

const health = z.enum(["image", "running"], { error: "is no kind of health; write `image` or `running`" });
const own = { error: notA("map", "write `{health: …}`, `{allow: […]}`, or leave it out") };
const onAnything = z.strictObject({ allow }, own);
const onService = z.strictObject({ allow, health: health.optional() }, own);

/** Unknown keys have words of their own. */
function notA(what: string, hint: string): z.core.$ZodErrorMap {
  return ({ code }) => (code === "invalid_type" ? `is no ${what}; ${hint}` : undefined);
}

/** What `x-dockmaster` says in a file. */
export interface OwnSettings {
  allowed: Allowed[];
  /** By container. */
  health: ReadonlyMap<string, Health>;
}

/** Reads every `x-dockmaster` of a file, of its containers and of its volumes, and reports what is wrong in them. */
export function readOwnSettings(compose: ComposeFile, report: Report): OwnSettings {
  const allowed: Allowed[] = [];
  const byContainer = new Map<string, Health>();
  for (const { path, settings, ofService } of settingsIn(compose)) {
    const schema = ofService ? onService : onAnything;
    const place = [...path, "x-dockmaster"];
    const parsed = schema.safeParse(settings);
    for (const issue of parsed.error?.issues ?? []) explain(issue, place, report);
    // A mistake beside it makes it no less said.
    const said = health.safeParse((settings as { health?: unknown } | null)?.health);
    if (ofService && said.success) byContainer.set(String(path[1]), said.data);
    if (parsed.success) allowed.push(...parsed.data.allow.map(({ note }) => ({ path, note })));
  }
  return { allowed, health: byContainer };
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
  const [message = "", hint = "see docs/guides/add-a-service.md"] = issue.message.split("; ");
  const last = path.at(-1);
  const name = typeof last === "number" ? `${String(path.at(-2))}.${last}` : String(last);
  report(path, `\`${name}\` ${message}`, hint);
}

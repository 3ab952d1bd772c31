import { z } from "zod";
import type { ComposeFile } from "../model.ts";
import type { Path, Report } from "../problem.ts";
import type { AllowedRight } from "../rights/check-rights.ts";
import { type Allowed, type Health, NOTES, type NoteName, settingsIn } from "./notes.ts";

const names = Object.keys(NOTES) as [NoteName, ...NoteName[]];

const FORM = "write `allow: [{note: …, why: …}]`";

const why = z.string("is missing; say why it is right here").trim().min(1, "is empty; say why it is right here");

const note = z.strictObject(
  { note: z.enum(names, { error: `is no note that can be allowed; known are ${names.join(", ")}` }), why },
  { error: notA("map", FORM) },
);

/** A right by its name. A note by its name alone lacks the reason. */
const right = z
  .string()
  .trim()
  .min(1, `is empty; ${FORM}`)
  .refine((name) => !(name in NOTES), `is no map; ${FORM}`);

const entry = z.unknown().transform((value, context) => {
  const parsed = typeof value === "string" ? right.safeParse(value) : note.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue);
  return z.NEVER;
});

const allow = z.array(entry, { error: notA("list", FORM) }).default([]);

const health = z.enum(["image", "running"], { error: "is no kind of health; write `image` or `running`" });
const own = { error: notA("map", "write `{health: …}`, `{allow: […]}`, or leave it out") };
const onAnything = z.strictObject({ allow, why: why.optional() }, own);
const onService = z.strictObject({ allow, why: why.optional(), health: health.optional() }, own);

/** Unknown keys have words of their own. */
function notA(what: string, hint: string): z.core.$ZodErrorMap {
  return ({ code }) => (code === "invalid_type" ? `is no ${what}; ${hint}` : undefined);
}

/** What `x-dockmaster` says in a file. */
export interface OwnSettings {
  allowed: Allowed[];
  /** What parts of the file may have of the server. */
  rights: AllowedRight[];
  /** By container. */
  health: ReadonlyMap<string, Health>;
}

/** Reads every `x-dockmaster` of a file, of its containers and of its volumes, and reports what is wrong in them. */
export function readOwnSettings(compose: ComposeFile, report: Report): OwnSettings {
  const allowed: Allowed[] = [];
  const rights: AllowedRight[] = [];
  const byContainer = new Map<string, Health>();
  for (const { path, settings, ofService } of settingsIn(compose)) {
    const schema = ofService ? onService : onAnything;
    const place = [...path, "x-dockmaster"];
    const parsed = schema.safeParse(settings);
    for (const issue of parsed.error?.issues ?? []) explain(issue, place, report);
    // A mistake beside it makes it no less said.
    const said = health.safeParse((settings as { health?: unknown } | null)?.health);
    if (ofService && said.success) byContainer.set(String(path[1]), said.data);
    if (!parsed.success) continue;
    for (const [index, entry] of parsed.data.allow.entries()) {
      if (typeof entry !== "string") allowed.push({ path, note: entry.note });
      else if (parsed.data.why === undefined) {
        report(
          [...place, "allow", index],
          "`why` is missing",
          "say why it is right here: `{allow: [privileged], why: …}`",
        );
      } else rights.push({ path, name: entry, why: parsed.data.why, at: [...place, "allow", index] });
    }
  }
  return { allowed, rights, health: byContainer };
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

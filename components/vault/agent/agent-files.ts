import type { AgentProblem, Consumer } from "../../compose/deliver/agent.ts";
import type { FileGrant } from "../../compose/model.ts";
import { FIELD_NAME } from "../api/fields.ts";
import type { AgentFile, AgentRequest } from "./agent-request.ts";

/** Which files the agent has to write for whom. All mistakes at once. */
export function planFiles(request: AgentRequest): { files: AgentFile[]; problems: AgentProblem[] } {
  const files: AgentFile[] = [];
  const problems: AgentProblem[] = [];
  for (const [container, consumer] of Object.entries(request.consumers)) {
    const taken = new Set<string>();
    for (const [index, grant] of consumer.grants.entries()) {
      const path = ["secrets", index];
      const report = (message: string, hint: string) => problems.push({ container, path, message, hint });
      const file = planFile(container, grant, consumer, request, report);
      if (taken.has(file.target))
        report(`two secrets at /run/secrets/${file.target}`, "give one of them another `target`");
      taken.add(file.target);
      files.push(file);
    }
  }
  return { files, problems };
}

type ReportGrant = (message: string, hint: string) => void;

function planFile(
  container: string,
  grant: string | FileGrant,
  consumer: Consumer,
  request: AgentRequest,
  report: ReportGrant,
): AgentFile {
  const { source = "", target, uid, gid, mode } = typeof grant === "string" ? { source: grant } : grant;
  const place = request.places[source];
  if (!place) report(`secret \`${source}\` has no source`, "name it below the service's secrets");
  else if (!FIELD_NAME.test(place.field)) {
    report(`\`${place.field}\` is no name of a field`, "use letters, digits and underscores");
  }
  const name = (target ?? source).replace(/^\/run\/secrets\//, "");
  if (!/^[\w][\w.-]*$/.test(name)) {
    report(`\`target: ${target}\` is not a file in /run/secrets`, "leave `target` out, or write a plain file name");
  }
  for (const [key, id] of Object.entries({ uid, gid })) {
    if (id !== undefined && !/^\d+$/.test(String(id)))
      report(`\`${key}: ${id}\` is no number`, "write the number as text");
  }
  if (mode !== undefined && (typeof mode === "number" || !/^0?[0-7]{3}$/.test(mode))) {
    report(`\`mode: ${mode}\` is no mode`, 'write it as text: `"0400"`');
  }
  const own = ownerOf(consumer.user);
  return {
    container,
    secret: source,
    place: place ?? { path: "", field: "" },
    target: name,
    uid: String(uid ?? own?.uid ?? 0),
    gid: String(gid ?? own?.gid ?? 0),
    // Whom an image runs its program as is not known; only this container has the file, so all of its users may read it.
    mode: mode === undefined ? (own ? "0400" : "0444") : String(mode).padStart(4, "0"),
  };
}

/** `"1000"` or `"1000:1000"`. A name cannot be looked up outside of the image. */
function ownerOf(user: unknown): { uid: string; gid: string } | undefined {
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(String(user)) ?? [];
  return uid === undefined ? undefined : { uid, gid: gid ?? uid };
}

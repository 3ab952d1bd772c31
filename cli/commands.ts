import type { Command } from "commander";

/** A command as `--help` lists it; the file that knows its arguments and does it is loaded when it is called. */
interface Entry {
  name: string;
  group: string;
  summary: string;
  load(): Promise<{ define(command: Command): void }>;
}

const group = (heading: string, commands: Omit<Entry, "group">[]): Entry[] =>
  commands.map((command) => ({ ...command, group: heading }));

/** Every command. */
export const COMMANDS: Entry[] = [
  ...group("Ask the runner (DOCKMASTER_URL, WEBHOOK_SECRET):", [
    { name: "deploy", summary: "Bring an environment to a release.", load: () => import("./runner/deploy.ts") },
    {
      name: "sync",
      summary: "Apply the release an environment has once more.",
      load: () => import("./runner/sync.ts"),
    },
    {
      name: "rollback",
      summary: "Take an environment back to a release it had.",
      load: () => import("./runner/rollback.ts"),
    },
    {
      name: "hold",
      summary: "Hold an environment, so that nothing goes forward on it; or let it go.",
      load: () => import("./runner/hold.ts"),
    },
    { name: "status", summary: "Show what runs where, and how it is.", load: () => import("./runner/status.ts") },
    {
      name: "observations",
      summary: "Show what is not as the last update left it, and what was.",
      load: () => import("./runner/observations.ts"),
    },
    { name: "runs", summary: "List runs: who, when, what, how it ended.", load: () => import("./runner/runs.ts") },
    { name: "logs", summary: "Show what happened in a run.", load: () => import("./runner/logs.ts") },
    { name: "cancel", summary: "End a run.", load: () => import("./runner/cancel.ts") },
  ]),
  ...group("Releases:", [
    {
      name: "release",
      summary: "Make and list releases: next, promote, hotfix, notes, publish, list.",
      load: () => import("./release/define.ts"),
    },
  ]),
  ...group("From this checkout:", [
    {
      name: "check",
      summary: "Check config and compose files of the stacks, without network.",
      load: () => import("./stack/check.ts"),
    },
    {
      name: "preview",
      summary: "Show what an update would change, service by service.",
      load: () => import("./stack/preview.ts"),
    },
    { name: "up", summary: "Bring a stack to what this checkout says.", load: () => import("./stack/up.ts") },
    { name: "drift", summary: "Show what was changed by hand on Dokploy.", load: () => import("./stack/drift.ts") },
    {
      name: "refresh",
      summary: "Take what Dokploy really has into the state; nothing on Dokploy changes.",
      load: () => import("./stack/refresh.ts"),
    },
    {
      name: "why",
      summary: "Show what makes a service, and what changed since the last update.",
      load: () => import("./stack/why.ts"),
    },
    {
      name: "doctor",
      summary: "Look at all that an update needs, and say what fixes it.",
      load: () => import("./stack/doctor/doctor.ts"),
    },
    {
      name: "secret",
      summary: "List, read, set and rotate the services' secrets.",
      load: () => import("./stack/secret/define.ts"),
    },
    {
      name: "import",
      summary: "Take over what Dokploy already has.",
      load: () => import("./stack/adopt/import.ts"),
    },
    { name: "destroy", summary: "Take a whole stack down.", load: () => import("./stack/remove/destroy.ts") },
    {
      name: "remove",
      summary: "Remove a service for good that was left running.",
      load: () => import("./stack/remove/remove.ts"),
    },
  ]),
  ...group("Here:", [
    {
      name: "demo",
      summary: "Show the whole way on this machine: Git tag, runner, Pulumi engine, an emulated Dokploy.",
      load: () => import("./demo-command.ts"),
    },
  ]),
];

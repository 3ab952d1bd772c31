import { expect, test } from "vitest";
import { parseCommandLine } from "../../../../emulator/containers/simulation/read/command-line.ts";

const rows: [string, object[]][] = [
  [
    "compose -p web-1 -f docker-compose.yml up -d --build --remove-orphans",
    [
      {
        subcommand: "up",
        project: "web-1",
        file: "docker-compose.yml",
        detach: true,
        removeOrphans: true,
        wait: false,
      },
    ],
  ],
  ["compose up --detach --wait --wait-timeout 90", [{ detach: true, wait: true, waitTimeout: 90 }]],
  ["compose up -d --wait --wait-timeout=90 --pull always web", [{ waitTimeout: 90, services: ["web"] }]],
  ["compose up --force-recreate -y", [{ forceRecreate: true, yes: true, detach: false }]],
  ["compose -p 'a b' down -v", [{ subcommand: "down", project: "a b", volumes: true }]],
  ["compose pull && docker compose up -d", [{ subcommand: "pull" }, { subcommand: "up", detach: true }]],
];
for (const [command, expected] of rows)
  test(`reads ${command}`, () => {
    expect(parseCommandLine(command)).toMatchObject(expected);
  });

test("refuses what is not compose", () => {
  expect(() => parseCommandLine("stack deploy -c docker-compose.yml web")).toThrow("docker stack is not simulated");
});

import { describe, expect, it } from "vitest";
import { commandSteps, composeCommand } from "../../../../emulator/deploy/command.ts";
import { newComposeRow } from "../../../../emulator/procedures/compose-row.ts";

const command = (asked: string) =>
  composeCommand({
    ...newComposeRow({ name: "web", environmentId: "e", sourceType: "raw" }, ""),
    appName: "web-8ep1kd",
    command: asked,
  });

describe("the command of a deployment", () => {
  it("is Dokploy's own when the service has none", () => {
    expect(command("")).toBe("compose -p web-8ep1kd -f docker-compose.yml up -d --build --remove-orphans");
  });

  it.each([";", "|", "`", "$", "(", ")", "{", "}", "<", ">", "\\", "\n"])("refuses %j", (char) => {
    expect(() => command(`compose up${char}x`)).toThrow("shell control characters are not allowed");
  });

  it.each([
    ["compose up & docker compose ps", "Single '&' is not allowed"],
    ["compose up &&& docker compose ps", "Single '&' is not allowed"],
    ["compose pull && touch x", "Chained commands must strictly start with 'docker compose '"],
  ])("refuses %s", (asked, message) => {
    expect(() => command(asked)).toThrow(message);
  });

  it("runs a chain step by step, each without the word docker", () => {
    expect(commandSteps(command("compose pull && docker compose up -d && docker-compose ps"))).toEqual([
      "compose pull",
      "compose up -d",
      "compose ps",
    ]);
  });
});

import { afterEach, beforeEach, expect, test } from "vitest";
import { createStage, type Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = createStage();
});
afterEach(() => stage.close());

const compose = `services:
  db:
    image: postgres:17
    restart: unless-stopped
    container_name: platform-db
    secrets: [pw]
    networks: [default, dokploy-network]
    healthcheck: {test: [CMD, pg_isready], interval: 5s}
    volumes: ["data:/data"]
  app:
    image: app:1
    restart: unless-stopped
    environment: ["GREETING=\${HELLO}"]
    healthcheck: {test: [CMD, ready], interval: 2s}
    depends_on: {db: {condition: service_healthy}}
secrets: {pw: {environment: DB_PW}}
volumes: {data: {name: platform-data}}
networks: {dokploy-network: {external: true}}
`;
const env = 'DB_PW="s3cret"\nHELLO="hi"\n';

test("brings up services in the order of their dependencies", async () => {
  const { ok, lines } = await stage.up("web-1", compose, { env, wait: 60 });
  expect(ok, lines.join("\n")).toBe(true);
  expect(await stage.host.list("web-1")).toMatchObject([
    { name: "platform-db", state: "running" },
    { name: "web-1-app-1", state: "running" },
  ]);
  expect(lines.indexOf(" Container platform-db  Healthy")).toBeLessThan(
    lines.indexOf(" Container web-1-app-1  Starting"),
  );
});

test("gives containers their secrets and their environment", async () => {
  await stage.up("web-1", compose, { env, wait: 60 });
  expect(stage.host.readFile("platform-db", "/run/secrets/pw")).toBe("s3cret");
  expect(stage.host.environmentOf("web-1-app-1")).toEqual({ GREETING: "hi" });
  expect(JSON.stringify(await stage.host.inspect("platform-db"))).not.toContain("s3cret");
});

test("remembers everything over a restart of the emulator", async () => {
  await stage.up("web-1", compose, { env, wait: 60 });
  stage.host.writeVolume("platform-data", "rows", "42");
  const before = await stage.host.list("web-1");
  await stage.reopen();
  expect(await stage.host.list("web-1")).toEqual(before);
  expect(stage.host.volume("platform-data")?.data).toEqual({ rows: "42" });
  expect(stage.host.readFile("platform-db", "/run/secrets/pw")).toBe("s3cret");
});

import { describe, expect, it } from "vitest";
import { readLayout } from "../../../../../../components/dokploy/rules/data/held-data.ts";

const held = (web: string, volumes = "", env: Record<string, string> = {}) => {
  const composeFile = `services:\n  web:\n    image: shop:1\n    ${web}\n${volumes && `volumes: ${volumes}\n`}`;
  return readLayout({ composeFile, env, appName: "app" }).data.map(({ kind, name, path, subpath, covered }) =>
    [kind, name, path, ...(subpath ? [subpath] : []), ...(covered ?? [])].join(" "),
  );
};

describe("what a container has where", () => {
  it.each<[string, string, string, string[]]>([
    ["a volume with a name of its own", "volumes: [data:/data]", "{data: {name: full}}", ["volume full /data"]],
    ["one without, by the project", "volumes: [data:/data]", "{data: }", ["volume app_data /data"]],
    ["an external one", "volumes: [data:/data]", "{data: {external: true}}", ["volume data /data"]],
    ["an external one with a name", "volumes: [data:/d]", "{data: {external: true, name: n}}", ["volume n /d"]],
    ["an external one as older files say it", "volumes: [data:/d]", "{data: {external: {name: n}}}", ["volume n /d"]],
    ["one in the long form", "volumes: [{type: volume, source: v1, target: /d/}]", "{v1: }", ["volume app_v1 /d"]],
    [
      "a folder of a volume",
      "volumes: [{type: volume, source: v1, target: /d, volume: {subpath: a/}}]",
      "{v1: }",
      ["volume app_v1 /d a"],
    ],
    ["a volume that is only read", "volumes: [data:/data:ro]", "{data: {name: full}}", ["volume full /data"]],
    ["an anonymous volume", "volumes: [/data]", "", ["anonymous web:/data /data"]],
    ["a folder of the host", "volumes: [/srv/shop:/data]", "", ["bind /srv/shop /data"]],
    ["a folder beside the file", "volumes: [../files/x:/data]", "", ["bind ../files/x /data"]],
    ["no data in what is only read of the host", "volumes: [/srv/shop:/data:ro]", "", []],
    [
      "no data in the machine's own places",
      "volumes: [/var/run/docker.sock:/s, /dev/shm:/x, /etc/localtime:/t]",
      "",
      [],
    ],
    ["no data in memory", "volumes: [m1:/m]\n    tmpfs: [/run]", "{m1: {driver_opts: {type: tmpfs}}}", []],
    [
      "what is mounted below",
      "volumes: [v1:/d, v2:/d/e]\n    tmpfs: /d/tmp",
      "{v1: , v2: }",
      ["volume app_v1 /d /d/e /d/tmp", "volume app_v2 /d/e"],
    ],
    ["nothing in a list of nonsense", "volumes: [1, null, {type: bind}, [x], {target: 5}]", "", []],
  ])("is read: %s", (_, web, volumes, expected) => {
    expect(held(web, volumes)).toEqual(expected);
  });

  it.each<[string, Record<string, string>, string]>([
    ["a value", { X: "a" }, "a-b"],
    ["no value", {}, "-b"],
  ])("goes by the env's values: %s", (_, env, name) => {
    expect(held("volumes: [data:/data]", `{data: {name: "\${X}-\${Y:-b}"}}`, env)).toEqual([`volume ${name} /data`]);
  });

  it("holds for what is borrowed from another container", () => {
    const composeFile = "services:\n  a: {volumes: ['v1:/d']}\n  b: {volumes_from: ['a:ro', b]}\nvolumes: {v1: }\n";
    const { data } = readLayout({ composeFile, env: {}, appName: "app" });
    expect(data.map(({ container, name }) => [container, name])).toEqual([
      ["a", "app_v1"],
      ["b", "app_v1"],
    ]);
  });

  it.each(["", "a: [", "- x", "services: 5", "services: {a: 1, b: [2]}"])("is nothing in %j", (composeFile) => {
    expect(readLayout({ composeFile, env: {}, appName: "app" }).data).toEqual([]);
  });
});

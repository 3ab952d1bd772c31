import { expect, test } from "vitest";
import { ALLOWED_HOSTS, allowedHosts, findInsecure } from "../../../tools/outgoing/insecure.mjs";

test.each<[string, string, string | undefined]>([
  ["https://dokploy.example.org", "", undefined],
  ["http://dokploy.example.org", "", "dokploy.example.org"],
  ["HTTP://Dokploy.Example.ORG:3000/api", "", "dokploy.example.org"],
  [" http://dokploy:3000 ", "", "dokploy"],
  ["http://dokploy:3000", "dokploy", undefined],
  ["http://dokploy:3000", " vault , DOKPLOY ", undefined],
  ["http://dokploy:3000", "dokploy:3000", undefined],
  ["http://dokploy:3001", "dokploy:3000", "dokploy"],
  ["http://dokploy", "dokploy:80", undefined],
  ["http://dokploy.evil.org", "dokploy", "dokploy.evil.org"],
  ["http://dokploy@evil.org", "dokploy", "evil.org"],
  ["http://localhost:3000", "", undefined],
  ["http://a.localhost", "", undefined],
  ["http://localhost.evil.org", "", "localhost.evil.org"],
  ["http://127.0.0.1:8200", "", undefined],
  ["http://127.1", "", undefined],
  ["http://127.0.0.1.evil.org", "", "127.0.0.1.evil.org"],
  ["http://[::1]:8200", "", undefined],
  ["http://[::ffff:127.0.0.1]", "", undefined],
  ["http://[fd00::1]:8200", "", "[fd00::1]"],
  ["http://[fd00::1]:8200", "[fd00::1]", undefined],
  ["http://0.0.0.0:3000", "", "0.0.0.0"],
  ["http://10.0.0.5", "", "10.0.0.5"],
  ["git://git.example.org/platform.git", "", "git.example.org"],
  ["git://127.0.0.1/platform.git", "", undefined],
  ["git://gitea:9418/platform.git", "gitea", undefined],
  ["http://user:password@gitea/platform.git", "", "gitea"],
  ["ssh://git@example.org/platform.git", "", undefined],
  ["git@example.org:platform.git", "", undefined],
  ["/srv/platform.git", "", undefined],
  ["file:///srv/platform.git", "", undefined],
  ["", "", undefined],
])("%j with ALLOW_INSECURE=%j reaches in clear: %j", (address, allowed, expected) => {
  expect(findInsecure(address, allowedHosts({ ALLOW_INSECURE: allowed }))).toBe(expected);
});

test("environment and stack file add up", () => {
  expect(allowedHosts({ ALLOW_INSECURE: "a" }, "b, c")).toEqual(["a", "b", "c"]);
  expect(allowedHosts({}, undefined)).toEqual([]);
});

test("under a runner that cannot hand it on, all goes as it did; under every other nothing is allowed by itself", () => {
  expect(findInsecure("http://dokploy:3000", allowedHosts({ DOCKMASTER_RELEASE: "v1" }))).toBeUndefined();
  expect(findInsecure("http://dokploy:3000", allowedHosts({ DOCKMASTER_RELEASE: "v1", ALLOW_INSECURE: "" }))).toBe(
    "dokploy",
  );
  expect(findInsecure("http://dokploy:3000", allowedHosts({}))).toBe("dokploy");
});

test.each(["", "a", "a,b", " a , b:80 ", "10.0.0.1:80,[fd00::1],[::1]:80", "a,"])("%j is a list of hosts", (text) => {
  expect(text).toMatch(ALLOWED_HOSTS);
});

test.each(["http://a", "*", "a/b", "a b", "a:port", "a:80:80"])("%j is none", (text) => {
  expect(text).not.toMatch(ALLOWED_HOSTS);
});

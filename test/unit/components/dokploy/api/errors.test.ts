import { describe, expect, it } from "vitest";
import {
  type Answer,
  DokployError,
  toConnectionError,
  toDokployError,
} from "../../../../../components/dokploy/api/errors.ts";
import { reasonOf } from "../../../../../components/dokploy/failure.ts";
import { NoAnswer } from "../../../../../tools/outgoing/request.mjs";

const call = { method: "GET", procedure: "compose.one" } as const;

function json(status: number, body: unknown): Answer {
  return { status, contentType: "application/json", text: JSON.stringify(body) };
}

const html: Answer = { status: 502, contentType: "text/html", text: "<html>Bad Gateway</html>" };
const gone = { message: "Compose not found", code: "NOT_FOUND", data: { path: "compose.one" } };
const issues = {
  message: "Input validation failed",
  code: "BAD_REQUEST",
  issues: [{ path: ["host"], message: "Invalid domain name" }],
};

describe("an answer of Dokploy that is no success", () => {
  it.each([
    ["a wrong key", json(401, { message: "Unauthorized" }), false, "auth", "dokploy_auth"],
    ["a key that worked before", json(401, { message: "Unauthorized" }), true, "limited-key", "dokploy_auth"],
    ["a missing right", json(401, { message: "no access", code: "UNAUTHORIZED" }), true, "permission", "dokploy_auth"],
    ["a foreign organization", json(403, { message: "no", code: "FORBIDDEN" }), true, "permission", "dokploy_auth"],
    ["a confirmed absence", json(404, gone), true, "not-found", "program_error"],
    ["an unknown procedure", json(404, { message: "Not found", code: "NOT_FOUND" }), true, "unknown", "program_error"],
    ["another server's 404", { ...html, status: 404 }, true, "transient", "dokploy_unreachable"],
    ["refused input", json(400, issues), true, "validation", "config_invalid"],
    ["a name that is taken", json(409, { message: "exists" }), true, "conflict", "program_error"],
    ["a gateway's page", html, true, "transient", "dokploy_unreachable"],
    ["too many requests", json(429, {}), true, "transient", "dokploy_unreachable"],
    ["a server's failure", json(500, { message: "x" }), true, "transient", "dokploy_unreachable"],
  ])("is told apart: %s", (_, answer, worked, kind, code) => {
    const error = toDokployError(call, answer, worked);
    expect(error.kind).toBe(kind);
    expect(reasonOf(error, (text) => text)).toMatch(
      new RegExp(`^${code}: GET compose\\.one answered ${answer.status}.* \\(.+\\)$`),
    );
  });

  it.each([
    ["get a: no such volume", "not-found"],
    ["remove a: volume is in use - [1f]", "conflict"],
  ])("is told apart by Docker's words about a volume, without what is around them: %s", (said, kind) => {
    const message = `Command failed: secret=canary docker volume rm a\nError response from daemon: ${said}\ncanary`;
    const error = toDokployError(
      { method: "POST", procedure: "dockerVolume.removeVolume" },
      json(500, { message }),
      true,
    );
    expect(error).toMatchObject({ kind, message: `Error response from daemon: ${said}` });
    expect(toDokployError(call, json(500, { message }), true).message).toBe("GET compose.one answered 500");
  });

  it.each([
    [
      "https://dokploy.example.org/api/compose.one?composeId=private",
      "to https://dokploy.example.org",
      "set DOKPLOY_URL to https://dokploy.example.org",
    ],
    [
      "https://example.org/dokploy/api/compose.one",
      "to https://example.org/dokploy",
      "set DOKPLOY_URL to https://example.org/dokploy",
    ],
    [
      "https://user:private@login.example.org/private?to=private",
      "to https://login.example.org",
      "set DOKPLOY_URL to https://login.example.org; if a login or another page answers there, let requests below /api through to Dokploy",
    ],
    [
      "/login?private",
      "to http://dokploy.example.org",
      "if a login or another page answers there, let requests below /api through to Dokploy",
    ],
    [undefined, "", "set DOKPLOY_URL to where it redirects to"],
  ])("that is a redirect to %s says where to, whatever page comes with it", (location, where, hint) => {
    const from = { ...call, server: "http://dokploy.example.org" };
    for (const status of [301, 302, 307, 308]) {
      const error = toDokployError(from, { ...html, status, ...(location && { location }) }, true);
      expect(error).toMatchObject({ kind: "moved", ambiguous: false, hint });
      expect(error.message).toBe(`GET compose.one answered ${status}: the server redirects ${where}`.trimEnd());
      expect(reasonOf(error, (text) => text)).toMatch(/^config_invalid: /);
    }
  });

  it("names the fields that were refused", () => {
    expect(toDokployError(call, json(400, issues), true).message).toContain("host: Invalid domain name");
  });

  it("does not repeat what a 500 says, because that may be a shell command with the env in it", () => {
    const leak = json(500, { message: "Command execution failed: echo QUJDREVG | base64 -d > .env" });
    expect(reasonOf(toDokployError(call, leak, true), (text) => text)).not.toContain("QUJDREVG");
  });

  it("says whether the call may have been carried out", () => {
    expect(toDokployError(call, html, true).ambiguous).toBe(true);
    expect(toDokployError(call, json(400, issues), true).ambiguous).toBe(false);
    for (const sent of [true, false]) {
      const reset = new NoAnswer(Object.assign(new Error(), { code: "ECONNRESET" }), sent);
      expect(toConnectionError(call, "http://x", reset)).toMatchObject({ ambiguous: sent, kind: "transient" });
      expect(toConnectionError(call, "http://x", reset).message).toContain("(ECONNRESET)");
    }
  });

  it.each<[string, Answer, string, RegExp]>([
    ["another site's page", { ...html, status: 200 }, "dokploy_elsewhere", /DOKPLOY_URL/],
    ["a login before it", { ...html, status: 401 }, "dokploy_elsewhere", /let requests below \/api through/],
    ["another server's 404", { ...html, status: 404 }, "dokploy_unreachable", /another server .* DOKPLOY_URL/],
    [
      "a proxy that forgot the route",
      { status: 404, contentType: "text/plain", text: "404 page not found" },
      "dokploy_unreachable",
      /DOKPLOY_URL/,
    ],
    ["a proxy whose Dokploy is away", html, "dokploy_unreachable", /try again/],
  ])("says of %s what may be wrong with the address", (_, answer, code, hint) => {
    const reason = reasonOf(toDokployError(call, answer, true), (text) => text);
    expect(reason).toMatch(new RegExp(`^${code}: `));
    expect(reason).toMatch(hint);
  });

  it.each([
    ["ECONNREFUSED", "dokploy_unreachable"],
    ["EAI_AGAIN", "dokploy_unreachable"],
    ["TimeoutError", "dokploy_unreachable"],
    ["ENOTFOUND", "dokploy_elsewhere"],
  ])("calls it a name that is nobody's only when there is no such name: %s", (code, expected) => {
    const failure = new NoAnswer(Object.assign(new Error(), { code }), false);
    expect(reasonOf(toConnectionError(call, "http://x", failure), (text) => text)).toMatch(`${expected}: `);
  });

  it("is an error with a kind", () => {
    expect(toDokployError(call, html, true)).toBeInstanceOf(DokployError);
  });
});

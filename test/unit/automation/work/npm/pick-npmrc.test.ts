import fc from "fast-check";
import { expect, test } from "vitest";
import { pickNpmrc } from "../../../../../automation/work/npm/pick-npmrc.ts";

test.each([
  ["one registry", "registry=https://npm.example.com/", "registry=https://npm.example.com/\n"],
  ["one of a scope", "@team:registry = https://npm.example.com/team", "@team:registry=https://npm.example.com/team\n"],
  ["one on this machine", "registry=http://127.0.0.1:4873", "registry=http://127.0.0.1:4873/\n"],
  ["quotes", 'registry="https://npm.example.com/"', "registry=https://npm.example.com/\n"],
  ["a comment behind it", "registry=https://npm.example.com/ ; ours", "registry=https://npm.example.com/\n"],
  ["a mark of the byte order", "\uFEFFregistry=https://npm.example.com/", "registry=https://npm.example.com/\n"],
  ["the last of two", "registry=https://a.example\r\nregistry=https://b.example", "registry=https://b.example/\n"],
  ["comments and empty lines", "; one\n\n# two\n", ""],
])("%s is used", (_, text, expected) => {
  expect(pickNpmrc(text)).toEqual({ text: expected, ignored: [] });
});

test.each([
  ["git=/release/evil.sh", "git"],
  ["script-shell=./evil.sh", "script-shell"],
  ["node-options=--require ./evil.js", "node-options"],
  ["ignore-scripts=false", "ignore-scripts"],
  ["dry-run=true", "dry-run"],
  ["dry-run", "dry-run"],
  ["prefix=/data", "prefix"],
  ["cache=/data/store", "cache"],
  ["globalconfig=./other", "globalconfig"],
  ["userconfig=./other", "userconfig"],
  ["workspaces=true", "workspaces"],
  ["omit[]=optional", "omit[]"],
  ["cafile=./evil.pem", "cafile"],
  ["strict-ssl=false", "strict-ssl"],
  ["https-proxy=https://evil.example", "https-proxy"],
  ["replace-registry-host=always", "replace-registry-host"],
  ["//npm.example.com/:_authToken=canary-token", "//…:_authToken"],
  ["//npm.example.com/canary-token/:_auth=canary-token", "//…:_auth"],
  ["canary-token-0123456789", "line 1"],
  ["registry[]=https://npm.example.com/", "registry[]"],
  ["REGISTRY=https://npm.example.com/", "REGISTRY"],
  ["registry=http://npm.example.com/", "registry"],
  ["registry=file:///data/store", "registry"],
  ["registry=https://me:canary-token@npm.example.com/", "registry"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: npm's own
  ["registry=https://evil.example/${HTTPS_PROXY}", "registry"],
  ["registry=https:\\\\evil.example", "registry"],
  ["registry=https://127.0.0.1.evil.example:x/", "registry"],
  ["registry=http://127.0.0.1@evil.example/", "registry"],
  ["registry=http://localhost.evil.example/", "registry"],
  ["registry=", "registry"],
  ["@team:registry:registry=https://npm.example.com/", "line 1"],
  ["\u001b[31mred=1", "line 1"],
])("%s is not, and is named", (text, name) => {
  expect(pickNpmrc(text)).toEqual({ text: "", ignored: [name] });
});

test("what stands in a section is none of npm's settings", () => {
  const text = "[a]\nregistry=https://npm.example.com/";
  expect(pickNpmrc(text)).toEqual({ text: "", ignored: ["line 1", "registry"] });
});

test("whatever a file says, npm gets registries, and people get no values", () => {
  const word = fc.constantFrom(
    "registry",
    "git",
    "=",
    "\n",
    "\r",
    "https://a.example/",
    "@s:",
    "[x]",
    "$",
    " ",
    ";",
    "'",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ unit: "binary" })), { maxLength: 20 }), (words) => {
      const { text, ignored } = pickNpmrc(words.join(""));
      expect(text).toMatch(/^(?:(?:@[\w.~-]+:)?registry=https?:\/\/[^\s;#$"'\\]+\n)*$/);
      // A picked file is picked whole.
      expect(pickNpmrc(text)).toEqual({ text, ignored: [] });
      for (const name of ignored) expect(name).toMatch(/^[\w@:.~[\]/… -]{1,100}$/);
    }),
  );
});

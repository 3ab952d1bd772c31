import { describe, expect, it } from "vitest";
import { headerWord, length, oneLine } from "../../../../components/platform/secret-rules.ts";
import { fromEngine } from "../../../../stacks/config/raw-config.ts";
import { planStack } from "../../../../stacks/plan.ts";

describe("a rule for a secret", () => {
  it.each([
    ["a line break at its end", oneLine, "pw\n", /line break/],
    ["a tab", oneLine, "a\tb", /control character/],
    ["a control character of Latin-1", oneLine, "a\u0085", /control character/],
    ["a blank before it", oneLine, " pw", /blank/],
    ["a wide blank after it", oneLine, "pw\u3000", /blank/],
    ["too few bytes", length({ least: 8 }), "1234567", /shorter than 8 bytes/],
    ["too many bytes", length({ most: 3 }), "żó", /longer than 3 bytes/],
    ["a blank in a token", headerWord, "a b", /HTTP header/],
    ["what is not ASCII in a token", headerWord, "ż", /HTTP header/],
  ])("refuses %s", (_, rule, value, expected) => {
    expect(rule(value)).toMatch(expected);
    expect(rule(value)).not.toContain(value);
  });

  it.each([
    ["what a shell would read", oneLine, `a b "c" 'd' #e $f \\g`],
    ["as many bytes as wanted", length({ least: 2, most: 2 }), "ż"],
    ["signs in a token", headerWord, `"'$#\\:@`],
  ])("takes %s", (_, rule, value) => {
    expect(rule(value)).toBeUndefined();
  });
});

describe("a value for a secret is judged", () => {
  const plan = (config: Record<string, string>) =>
    planStack(
      "staging",
      fromEngine("staging", { "platform:domain": "example.org", "platform:suffix": "-x", ...config }, () => true),
      "k".repeat(40),
    );
  const judge = (service: string, name: string, value: string, config = {}) =>
    plan(config)
      .refuseValue(service, name, value)
      .map(({ message }) => message);

  it.each([
    ["by its service", "minio", "minio_root_password", "seven77", "is shorter than 8 bytes"],
    ["by who borrows it", "redis", "redis_password", "a b", "by authentik, which uses it too"],
    ["by the way to its container", "redis", "redis_password", "a${{b", "Dokploy would interpolate"],
    ["in a role of a database", "postgres", "database_authentik", "\u00ad", "no character that PostgreSQL keeps"],
    [
      "by what Authentik would follow",
      "authentik",
      "authentik_admin_password",
      "file:///etc/passwd",
      "like an address",
    ],
    ["by what would end Authentik", "authentik", "authentik_admin_password", "//[", "like an address"],
    ["by where a token travels", "authentik", "authentik_admin_token", "a b", "HTTP header"],
  ])("%s", (_, service, name, value, expected) => {
    const [message, ...more] = judge(service, name, value);
    expect(more).toEqual([]);
    expect(message).toContain(`\`platform:${service}.secrets.${name}\`: the value `);
    expect(message).toContain(expected);
    expect(message).not.toContain(value);
  });

  it("not by those that do not run here", () => {
    expect(judge("redis", "redis_password", "a b", { "platform:services": '["redis"]' })).toEqual([]);
  });

  it("in mode `vault` by those who read it only", () => {
    const vault = { "platform:secrets": "vault", "vault:address": "https://vault.example.org" };
    expect(judge("redis", "redis_password", "a${{b", vault)).toEqual([]);
    expect(judge("redis", "redis_password", "a\nb", vault)).toHaveLength(2);
  });

  it("in the config too, before anything is changed", () => {
    const given = { "platform:minio": JSON.stringify({ secrets: { minio_root_password: "short" } }) };
    expect(plan(given).problems).toMatchObject([{ message: expect.stringContaining("is shorter than 8 bytes") }]);
  });
});

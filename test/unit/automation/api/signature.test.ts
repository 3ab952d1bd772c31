import { describe, expect, test } from "vitest";
import {
  digestBody,
  requireSignature,
  type SignedRequest,
  type SigningKey,
  signPlain,
  signV2,
  TIME_WINDOW,
  verifySignature,
} from "../../../../automation/api/signature.ts";
import { rightsOf } from "../../../../automation/domain/rights.ts";

const NOW = 1_760_000_000_000;
const body = new TextEncoder().encode('{"env":"staging"}');
const seconds = (ms: number) => String(Math.floor(ms / 1000));

function plain(secret: string, over: Partial<SignedRequest> = {}): SignedRequest {
  const headers = new Headers({ "X-Hub-Signature-256": signPlain(secret, body) });
  return { method: "POST", path: "/deploy", headers, body, ...over };
}

function v2(secret: string, over: Partial<SignedRequest> & { timestamp?: string; nonce?: string } = {}): SignedRequest {
  const { timestamp = seconds(NOW), nonce = "0123456789abcdef", ...rest } = over;
  const headers = new Headers({
    "X-Dockmaster-Timestamp": timestamp,
    "X-Dockmaster-Nonce": nonce,
    "X-Dockmaster-Signature": signV2(secret, { method: "POST", path: "/deploy", timestamp, nonce, body }),
  });
  return { method: "POST", path: "/deploy", headers, body, ...rest };
}

const RIGHTS = rightsOf("WEBHOOK_SECRET", { guarded: false });
const keys = (secrets: string[]): SigningKey[] => secrets.map((secret) => ({ secret, rights: RIGHTS, plain: true }));
const PLAIN = { form: "plain", rights: RIGHTS };
const V2 = { form: "v2", nonce: "0123456789abcdef", rights: RIGHTS };

describe("verifySignature", () => {
  test("GitHub's own example has the signature that its documentation gives", () => {
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    const signature = signPlain("It's a Secret to Everybody", new TextEncoder().encode("Hello, World!"));
    expect(signature).toBe("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
  });

  test.each<[string, SignedRequest, string[], unknown]>([
    ["plain, right secret", plain("one"), ["one"], PLAIN],
    ["plain, second of two secrets", plain("two"), ["one", "two"], PLAIN],
    ["plain, other secret", plain("three"), ["one", "two"], "signature_invalid"],
    ["plain, another body", plain("one", { body: new Uint8Array([1]) }), ["one"], "signature_invalid"],
    ["no secret configured", plain("one"), [], "secret_not_configured"],
    ["no secret configured, signed with the empty one", plain(""), [], "secret_not_configured"],
    ["no signature", plain("one", { headers: new Headers() }), ["one"], "signature_missing"],
    [
      "SHA-1 only",
      plain("one", { headers: new Headers({ "X-Hub-Signature": "sha1=00" }) }),
      ["one"],
      "signature_missing",
    ],
    ["v2, right secret", v2("one"), ["one"], V2],
    ["v2, second of two secrets", v2("two"), ["one", "two"], V2],
    ["v2, other secret", v2("three"), ["one"], "signature_invalid"],
    ["v2, another method", v2("one", { method: "GET" }), ["one"], "signature_invalid"],
    ["v2, another path", v2("one", { path: "/deploy?x=1" }), ["one"], "signature_invalid"],
    ["v2, another body", v2("one", { body: new Uint8Array() }), ["one"], "signature_invalid"],
    ["v2, at the edge of its time", v2("one", { timestamp: seconds(NOW - TIME_WINDOW) }), ["one"], V2],
    ["v2, too old", v2("one", { timestamp: seconds(NOW - TIME_WINDOW - 1000) }), ["one"], "signature_expired"],
    ["v2, from the future", v2("one", { timestamp: seconds(NOW + TIME_WINDOW + 1000) }), ["one"], "signature_expired"],
    ["v2, no number for a time", v2("one", { timestamp: "soon" }), ["one"], "signature_invalid"],
    ["v2, a short nonce", v2("one", { nonce: "x" }), ["one"], "signature_invalid"],
  ])("%s", (_name, request, secrets, expected) => {
    expect(verifySignature(request, keys(secrets), NOW)).toEqual(expected);
  });

  test("a key for production signs v2, with its own rights, and never in the form that can be sent again", () => {
    const rights = rightsOf("PRODUCTION_SECRET", { guarded: true });
    const both: SigningKey[] = [...keys(["one"]), { secret: "two", rights, plain: false }];
    expect(verifySignature(v2("two"), both, NOW)).toEqual({ ...V2, rights });
    expect(verifySignature(v2("one"), both, NOW)).toEqual(V2);
    expect(verifySignature(plain("two"), both, NOW)).toBe("signature_invalid");
    const digest = digestBody(both);
    digest.update(body);
    const digests = digest.digests();
    expect(verifySignature(plain("two", { body: digests }), both, NOW)).toBe("signature_invalid");
    expect(verifySignature(plain("one", { body: digests }), both, NOW)).toEqual(PLAIN);
  });

  test("a v2 header that does not fit is not made good by a plain one", () => {
    const request = plain("one");
    const headers = new Headers({
      "X-Hub-Signature-256": signPlain("one", body),
      "X-Dockmaster-Timestamp": seconds(NOW),
      "X-Dockmaster-Nonce": "0123456789abcdef",
      "X-Dockmaster-Signature": "v2=00",
    });
    expect(verifySignature({ ...request, headers }, keys(["one"]), NOW)).toBe("signature_invalid");
  });
});

describe("requireSignature", () => {
  const known = new Set<string>();
  const policy = {
    keys: () => keys(["one"]),
    requireV2: false,
    remember: async (key: string) => !known.has(key) && Boolean(known.add(key)),
    now: () => NOW,
  };

  test("takes a nonce once", async () => {
    const request = v2("one", { nonce: "used-only-once" });
    expect(await requireSignature(request, policy)).toEqual({ ...V2, nonce: "used-only-once" });
    await expect(requireSignature(request, policy)).rejects.toMatchObject({ status: 401, code: "signature_replayed" });
  });

  test("does not remember the nonce of a request that it refuses", async () => {
    const forged = v2("three", { nonce: "not-burnt-by-others" });
    await expect(requireSignature(forged, policy)).rejects.toMatchObject({ code: "signature_invalid" });
    expect(await requireSignature(v2("one", { nonce: "not-burnt-by-others" }), policy)).toMatchObject({ form: "v2" });
  });

  test("refuses the plain form where v2 is required", async () => {
    const strict = { ...policy, requireV2: true };
    await expect(requireSignature(plain("one"), strict)).rejects.toMatchObject({ code: "signature_v2_required" });
    expect(await requireSignature(plain("one"), policy)).toEqual(PLAIN);
  });
});

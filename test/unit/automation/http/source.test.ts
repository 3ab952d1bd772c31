import { describe, expect, test } from "vitest";
import { clientAddress, isProxy, parseProxies, toBucket } from "../../../../automation/http/source.ts";

test.each<[string, string]>([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["::ffff:cb00:7107", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:0db8:0001:0002:ffff::1", "2001:db8:1:2::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["64:ff9b::203.0.113.7", "64:ff9b:0:0::/64"],
  ["unknown", "unknown"],
])("%s counts as %s", (address, bucket) => {
  expect(toBucket(address)).toBe(bucket);
});

test("all addresses of one /64 count as one source, those of another do not", () => {
  const buckets = Array.from({ length: 5_000 }, (_, n) =>
    toBucket(`2001:db8:0:1:${n.toString(16)}::${n.toString(16)}`),
  );
  expect(new Set(buckets).size).toBe(1);
  expect(toBucket("2001:db8:0:2::1")).not.toBe(buckets[0]);
});

describe("who asks, behind proxies", () => {
  const proxies = parseProxies("10.0.1.0/24, 192.0.2.9,2001:db8:f::/48");

  test.each<[string, string, string | undefined, string]>([
    ["a connection without a word", "10.0.1.2", undefined, "10.0.1.2"],
    ["a proxy's word", "10.0.1.2", "203.0.113.7", "203.0.113.7"],
    ["a proxy that came over IPv6", "::ffff:10.0.1.2", "203.0.113.7", "203.0.113.7"],
    ["a stranger's word", "198.51.100.1", "203.0.113.7", "198.51.100.1"],
    ["what a stranger wrote before the proxy added its own", "10.0.1.2", "1.1.1.1, 203.0.113.7", "203.0.113.7"],
    ["several proxies", "10.0.1.2", "1.1.1.1, 203.0.113.7, 192.0.2.9, 10.0.1.9", "203.0.113.7"],
    ["only proxies", "10.0.1.2", "10.0.1.4, 10.0.1.3", "10.0.1.4"],
    ["an address with a port", "10.0.1.2", "203.0.113.7:4711", "203.0.113.7"],
    ["an IPv6 address", "2001:db8:f::1", "2001:db8:1::5", "2001:db8:1::5"],
    ["an IPv6 address with a port", "10.0.1.2", "[2001:db8:1::5]:4711", "2001:db8:1::5"],
    ["what is no address", "10.0.1.2", "203.0.113.7, unknown", "10.0.1.2"],
    ["nothing", "10.0.1.2", "", "10.0.1.2"],
    ["an empty part", "10.0.1.2", "203.0.113.7,", "10.0.1.2"],
    ["thousands of addresses", "10.0.1.2", `${"1.1.1.1, ".repeat(3_000)}203.0.113.7`, "203.0.113.7"],
  ])("%s", (_name, peer, forwarded, expected) => {
    expect(clientAddress(peer, forwarded, proxies)).toBe(expected);
  });

  test("without proxies nobody's word counts", () => {
    expect(clientAddress("10.0.1.2", "203.0.113.7", parseProxies(""))).toBe("10.0.1.2");
    expect(isProxy(parseProxies(" "), "10.0.1.2")).toBe(false);
    expect(isProxy(proxies, "unknown")).toBe(false);
  });
});

test.each([
  "10.0.1.0/33",
  "10.0.1.0/",
  "10.0.1.0/24/8",
  "2001:db8::/129",
  "traefik",
  "10.0.1.2,",
  "10.0.1.2,,10.0.1.3",
  "10.0.1.-1",
  "*",
  "0.0.0.0/0",
  "::/0",
])("%s names no proxies", (text) => {
  expect(() => parseProxies(text)).toThrow(/is neither an address nor a network|would trust everybody/);
});

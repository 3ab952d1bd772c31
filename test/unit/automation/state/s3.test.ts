import { expect, test } from "vitest";
import { type Answered, markOf, parseList } from "../../../../automation/state/s3-mark.ts";
import { findS3 } from "../../../../automation/state/s3-place.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
const IRELAND = { ...KEYS, AWS_REGION: "eu-west-1" };

test.each<[string, Record<string, string>, string, string]>([
  ["s3://state?region=eu-central-1", KEYS, "https://s3.eu-central-1.amazonaws.com/state", ""],
  ["s3://state/a/b?awssdk=v2", IRELAND, "https://s3.eu-west-1.amazonaws.com/state", "a/b/"],
  ["s3://state//a/", IRELAND, "https://s3.eu-west-1.amazonaws.com/state", "a/"],
  ["s3://state?region=cn-north-1", KEYS, "https://s3.cn-north-1.amazonaws.com.cn/state", ""],
  ["s3://a.b?endpoint=minio:9000&disableSSL=true&s3ForcePathStyle=true", IRELAND, "http://minio:9000/a.b", ""],
  ["s3://state?endpoint=s3.example.org", IRELAND, "https://state.s3.example.org", ""],
  ["s3://state?endpoint=http://minio:9000/at&use_path_style=1", IRELAND, "http://minio:9000/at/state", ""],
  ["s3://state?endpoint=10.0.0.1:9000&disable_https=true", IRELAND, "http://10.0.0.1:9000/state", ""],
  [
    "s3://state?s3ForcePathStyle=true",
    { ...IRELAND, AWS_ENDPOINT_URL: "https://any", AWS_ENDPOINT_URL_S3: "https://s3.own" },
    "https://s3.own/state",
    "",
  ],
])("%s is where the engine looks", (backendUrl, env, url, prefix) => {
  expect(findS3(backendUrl, env)).toMatchObject({
    url,
    prefix,
    keys: { accessKeyId: "id", secretAccessKey: "secret" },
  });
});

test("a passing key is signed with, and the address' region comes before the environment's", () => {
  const found = findS3("s3://state?region=us-east-2", { ...IRELAND, AWS_SESSION_TOKEN: "passing" });
  expect(found).toMatchObject({ region: "us-east-2", keys: { sessionToken: "passing" } });
});

test.each<[string, Record<string, string>, string]>([
  ["s3://state?region=eu-central-1", {}, "without AWS_ACCESS_KEY_ID"],
  ["s3://state?profile=work", IRELAND, '"profile"'],
  ["s3://state?role=arn:aws:iam::1:role/a", IRELAND, '"role"'],
  ["s3://state?prefix=a/", IRELAND, '"prefix"'],
  ["s3://state?anonymous=true", IRELAND, '"anonymous"'],
  ["s3://state?region=a&region=b", IRELAND, "twice"],
  ["s3://state", { ...IRELAND, AWS_PROFILE: "work" }, "AWS_PROFILE"],
  ["s3://state", { ...IRELAND, AWS_CONFIG_FILE: "/etc/aws" }, "AWS_CONFIG_FILE"],
  ["s3://state", KEYS, "region"],
  ["s3://state/a%20b", IRELAND, "unusual"],
  ["s3://state/a//b", IRELAND, "unusual"],
  ["s3://state/a/../b?region=%20", KEYS, "region"],
  ["s3://state?endpoint=http://[", IRELAND, "endpoint"],
])("%s: only an engine can tell, and why", (backendUrl, env, why) => {
  expect(findS3(backendUrl, env)).toEqual({ unknown: expect.stringContaining(why) });
});

test("an endpoint that AWS' own file names is not guessed", () => {
  expect(findS3("s3://state", IRELAND, "[default]\nendpoint_url = http://elsewhere")).toHaveProperty("unknown");
  expect(findS3("s3://state", IRELAND, "[default]\nregion = eu-west-1")).toHaveProperty("url");
});

const list = (...files: [string, string, string][]) =>
  `<?xml version="1.0"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><KeyCount>1</KeyCount>${files
    .map(
      ([key, etag, at]) =>
        `<Contents><Key>${key}</Key><LastModified>${at}</LastModified><ETag>${etag}</ETag><Size>9</Size></Contents>`,
    )
    .join("")}</ListBucketResult>`;
const AT = "2026-01-01T00:00:10.000Z";
const asked = (text: string): Answered => ({
  files: parseList(text),
  askedAt: 5_000_000,
  saidAt: Date.parse(AT) + 30_000,
});
const mark = (...files: [string, string, string][]) => {
  const found = markOf(asked(list(...files)), "s.json");
  return "mark" in found ? found.mark : undefined;
};

test("another text, another time and another form are another state", () => {
  const plain = mark(["s.json", "&quot;a&quot;", AT], ["s.json.bak", "&quot;b&quot;", AT]);
  expect(plain).toBe(mark(["s.json", "&quot;a&quot;", AT], ["s.json.bak", "&quot;c&quot;", AT]));
  const others = [
    mark(["s.json", "&quot;b&quot;", AT]),
    mark(["s.json", "&quot;a&quot;", "2026-01-01T00:00:11.000Z"]),
    mark(["s.json.gz", "&quot;a&quot;", AT]),
    mark(["s.json.zst", "&quot;a&quot;", AT]),
    mark(["s.json", "&quot;a&quot;", AT], ["s.json.gz", "&quot;a&quot;", AT]),
  ];
  expect(new Set([plain, ...others]).size).toBe(6);
  expect(others).not.toContain(undefined);
});

test("its age is told by the server's clock alone", () => {
  expect(markOf(asked(list(["s.json", "&quot;a&quot;", AT])), "s.json")).toMatchObject({
    writtenAt: 5_000_000 - 31_000,
  });
});

test("no state, and what is no list", () => {
  expect(markOf(asked(list()), "s.json")).toEqual({ unknown: "its state is not where it was" });
  expect(() => parseList("<html></html>")).toThrow("no list");
  expect(() => parseList("<ListBucketResult><Contents><Key>s.json</Key></Contents></ListBucketResult>")).toThrow(
    "enough",
  );
});

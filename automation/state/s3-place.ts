/** Where a backend in S3 keeps its states, and what signs questions to it. */
export interface S3Place {
  /** Of the bucket, without a `/` at its end. */
  url: string;
  /** Before every key: empty, or with a `/` at its end. */
  prefix: string;
  region: string;
  keys: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

/** What has a say in where the engine looks, or in how it writes alone (gocloud.dev, blob/s3blob/s3blob.go and aws/aws.go). */
const WHERE = ["region", "endpoint", "disableSSL", "disable_https", "s3ForcePathStyle", "use_path_style"];
const WRITING = [
  ...["awssdk", "ssetype", "kmskeyid", "rate_limiter_capacity"],
  ...["request_checksum_calculation", "response_checksum_validation"],
];

/** What Go's `strconv.ParseBool` calls true. */
const TRUE = ["1", "t", "T", "TRUE", "true", "True"];

/** What of the environment leads the engine to other keys or another server by ways that are not followed here. */
const ELSEWHERE = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"];

/**
 * Reads where an `s3://` address has its states as the engine does. Another place than the engine's would look untouched for ever: what
 * is not surely the same is refused, with the reason. `config`: the text of AWS' own file of settings, where there is one. Pure.
 */
export function findS3(
  backendUrl: string,
  env: Readonly<Record<string, string | undefined>>,
  config = "",
): S3Place | { unknown: string } {
  const no = (why: string) => ({
    unknown: `of a state in S3 ${why}: only an engine can tell whether it is the one that was left`,
  });
  if (!URL.canParse(backendUrl)) return no("whose address cannot be read");
  const { host: bucket, pathname, searchParams: query } = new URL(backendUrl);
  const [names, path] = [[...query.keys()], pathname.replace(/^\/+/, "")];
  const other = names.find((name) => ![...WHERE, ...WRITING].includes(name));
  if (other !== undefined) return no(`with "${other}" in its address`);
  if (new Set(names).size < names.length) return no("whose address says something twice");
  // What is escaped in a key, here or by the engine, would have another name.
  if (!/^[\w.-]+$/.test(bucket) || !/^(?:[\w.-]+\/?)*$/.test(path) || path.includes("../"))
    return no("whose bucket or folder has an unusual name");
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  if (!accessKeyId || !secretAccessKey)
    return no("that is reached without AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (by a profile or a role)");
  const elsewhere = ELSEWHERE.find((name) => env[name]);
  if (elsewhere !== undefined) return no(`with ${elsewhere}`);
  const region = query.get("region") || env.AWS_REGION || env.AWS_DEFAULT_REGION;
  if (!region || !/^[\w-]+$/.test(region)) return no("of no known region");
  const isTrue = (...any: string[]) => any.some((name) => TRUE.includes(query.get(name) ?? ""));
  const named = query.get("endpoint") || env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
  if (!named && config.includes("endpoint_url")) return no("whose endpoint is in a file of AWS'");
  const isClear = isTrue("disableSSL", "disable_https");
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const server = named || `s3.${region}.${domain}`;
  const endpoint = server.includes("://") ? server : `${isClear ? "http" : "https"}://${server}`;
  if (!URL.canParse(endpoint)) return no("whose endpoint cannot be read");
  const url = new URL(endpoint);
  // Amazon answers both ways; servers of others may know but one.
  const inHost = named && !isTrue("s3ForcePathStyle", "use_path_style") && /^[a-z0-9-]+$/.test(bucket) && !isIp(url);
  const base = `${url.protocol}//${inHost ? `${bucket}.` : ""}${url.host}${url.pathname.replace(/\/+$/, "")}`;
  return {
    url: inHost ? base : `${base}/${bucket}`,
    prefix: path === "" || path.endsWith("/") ? path : `${path}/`,
    region,
    keys: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
  };
}

function isIp({ hostname }: URL): boolean {
  return /^(?:[\d.]+|\[.*\])$/.test(hostname);
}

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like that
import { Raw, type Tree } from "./emit.ts";

/** Variables that the files are read with. `SUFFIX` and `DOMAIN` are the stack's, the others the service's own. */
export const STACK = { SUFFIX: "-staging", DOMAIN: "example.org" };
export const OWN = { A: "a", N: "3", EMPTY: "", D: "5$x", MEM: "64m", ON: "true", PORT: "8081" };

/** Values that Compose takes at a place, and some that it does not; found by the end of the dotted path. */
export interface Pool {
  at: RegExp;
  good: Tree[];
  bad: Tree[];
  /** Those that the platform's own rules take too, where they are fewer. */
  tame?: Tree[];
}

const raw = (text: string) => new Raw(text);

const sizes: Tree[] = ["512m", "2g", "1.5 gb", "${MEM}", "64MiB", "7", "3b", 1024, "1e3k"];
const noSizes: Tree[] = ["512 megs", "5s", "-1", "m", "", "1gib2", "5xb", "${EMPTY}"];
const times: Tree[] = ["5s", "1m30s", "1d", "0", ".5s", "1w2d", "500ms", "${N}s", "2s"];
const noTimes: Tree[] = ["5 seconds", "10 s", "5", "s", "", "1x", "${N}"];
const toggles: Tree[] = [true, false, "true", "yes", "off", "${ON}", raw("yes")];
const noToggles: Tree[] = ["maybe", "1", "", "${A}"];
const counts: Tree[] = [1, 2, "3", "${N}", "+4", 0];
const noCounts: Tree[] = ["many", "1.5", "", "1e3", "${A}"];
const words: Tree[] = [
  "run",
  "run --all 'a b'",
  'sh -c "x $${A}"',
  "a | b",
  "echo \\$HOME",
  "$(date)",
  "echo $(date) $1 $?",
  "${A:-b} c",
  "a 'it''s'",
  "",
  "a > b",
  "2>x",
];
const noWords: Tree[] = ["run 'x", 'run "x', "run \\", "a (b", "a `b", "a )", '"${A'];

/** From the most to the least particular. */
export const POOLS: Pool[] = [
  {
    at: /^services\.[^.]+\.image$/,
    good: [
      "x:1",
      "a/b:2.1",
      "example.org:5000/a/b:v1",
      `a@sha256:${"0".repeat(64)}`,
      "x:${N}",
      "a/b__c:1",
      "x",
      "LocalHost/x:1",
    ],
    tame: ["x:1", "a/b:2.1", "example.org:5000/a/b:v1", "x:1-alpine"],
    bad: ["X:1", "a b:1", "x:", ":1", "a//b:1", "x:1:2", "x@sha256:12", "-a:1", "http://a/b", "a/B:1"],
  },
  { at: /\.(command|entrypoint)$/, good: words, bad: noWords },
  {
    at: /\.restart$/,
    good: ["always", "unless-stopped", "no", "on-failure", "on-failure:3"],
    bad: ["unless_stopped", "always:2", "never", "on-failure:-1"],
  },
  {
    at: /\.(mem_limit|mem_reservation|memswap_limit|shm_size|memory|size|mem_swappiness|rate)$/,
    good: sizes,
    bad: noSizes,
  },
  { at: /\.(interval|timeout|start_period|stop_grace_period|delay|monitor|window)$/, good: times, bad: noTimes },
  {
    at: /\.(init|tty|stdin_open|privileged|read_only|oom_kill_disable|attach|internal|attachable|enable_ipv[46]|nocopy|create_host_path)$/,
    good: toggles,
    bad: noToggles,
  },
  {
    at: /\.(retries|scale|replicas|cpu_count|cpu_shares|cpu_quota|cpu_period|pids_limit|pids|max_attempts|parallelism|max_replicas_per_node|soft|hard)$/,
    good: counts,
    bad: noCounts,
  },
  { at: /\.ulimits\.[^.]+$/, good: counts, bad: noCounts },
  { at: /\.(cpus|cpu_percent|max_failure_ratio)$/, good: [0.5, "0.5", 1, "${N}", "1e0"], bad: ["half", "", "1,5"] },
  { at: /\.mode$/, good: ["0440", raw("0440"), 256, "444"], tame: ["0440", "444"], bad: ["rw", "0999", "", 1.5] },
  {
    at: /\.ports\.\d+$/,
    good: [
      "3000",
      3000,
      "8080:80",
      "${PORT}:80",
      "${P:-8080}:80",
      "8000-8002:80",
      "8000-8001:80-81",
      "127.0.0.1::80",
      "53:53/udp",
      "[::1]:80:80",
      "80/TCP",
    ],
    tame: ["3000", 3000, "${PORT}:80", "8000-8002:80", "127.0.0.1::80", "53/udp"],
    bad: ["a:80", "80:b", "80/x", "70000", "8000-8003:80-81", "1.2.3:80:80", "", ":", "8001-8000:80", 1.5],
  },
  { at: /\.ports\.\d+\.target$/, good: [80, "80", "${N}"], bad: ["http", -1] },
  {
    at: /\.ports\.\d+\.published$/,
    good: [8080, "8080", "8000-8010", "${PORT}"],
    tame: ["8000-8010", "${PORT}"],
    bad: [true],
  },
  { at: /\.host_ip$/, good: ["127.0.0.1", "::1"], bad: ["localhost", ""] },
  {
    at: /\.volumes\.\d+$/,
    good: [
      "data:/data",
      "data:/data:ro",
      "./a:/a",
      "/srv:/srv:ro",
      "/cache",
      "more:/more:rw,z",
      "${X:-data}:/d2",
      "${X:-./a}/b:/b",
      "data:/var/lib/../x",
      "~/x:/x",
      "a",
    ],
    tame: [
      "data:/data",
      "data:/d3:ro",
      "./a:/a",
      "/srv:/srv:ro",
      "more:/more:rw,z",
      "${X:-data}:/d2",
      "${X:-./a}/b:/b",
    ],
    bad: ["undefined:/data", "data:", "data:/a:b:c", "", "::", "${EMPTY}:/x"],
  },
  { at: /\.volumes\.\d+\.source$/, good: ["data", "more", "./a", ""], tame: ["data", "more"], bad: ["undefined"] },
  { at: /\.volumes\.\d+\.target$/, good: ["/data", "/x/", "/y/../z"], bad: [1] },
  { at: /\.tmpfs(\.\d+)?$/, good: ["/run", "/tmp:size=1m", "/x"], bad: [1] },
  {
    at: /\.environment\.\d+$/,
    good: ["A=1", "B=${A}", "A", "C", "D=$$x $(y) $1", "E=", "F=a=b", "URL=http://a/?b=c", "${A}=x"],
    tame: ["A=1", "B=${A}", "N", "D=$$x $(y) $1", "E=", "F=a=b", "${A}=x", "G=${U:-$$}"],
    bad: ["B =1", 1, "X=${", "X=${1}"],
  },
  {
    at: /\.(environment|labels|annotations|args)\.[^.]+$/,
    good: ["1", 1, 1.5, true, null, "${A}", "${U:-x}", "a$", "", raw("1.10"), raw("1_000"), raw("2024-05-01x")],
    tame: ["1", 1, true, "${A}", "${U:-x}", "a$", "", "$$b", raw("1.5")],
    bad: [raw("2024-05-01"), "${", [1]],
  },
  { at: /\.labels\.\d+$/, good: ["a=b", "a", "c=${A}", "d=1=2"], bad: [1, "x=${}"] },
  { at: /\.depends_on\.\d+$/, good: ["db"], bad: ["nobody"] },
  {
    at: /\.condition$/,
    good: ["service_started", "service_healthy", "service_completed_successfully", "${U:-service_healthy}"],
    tame: ["service_started", "service_healthy", "${U:-service_healthy}"],
    bad: ["healthy", ""],
  },
  {
    at: /\.(network_mode|pid|ipc)$/,
    good: ["service:db", "host", "${U:-host}"],
    tame: ["service:db", "${U:-service:db}"],
    bad: ["service:nobody", "service:", "other"],
  },
  { at: /\.(uts|userns_mode)$/, good: ["host", ""], bad: ["service:db", "other"] },
  {
    at: /\.healthcheck\.test$/,
    good: ["x", ["CMD", "x"], ["CMD-SHELL", "x $$a"], [], ["NONE"], "curl -f http://a || exit 1"],
    tame: ["x", ["CMD", "x"], ["CMD-SHELL", "x $$a"], []],
    bad: [["curl"], [1], {}],
  },
  { at: /\.(secrets|configs)\.\d+$/, good: ["one", "two"], bad: ["nobody", 1] },
  { at: /\.(secrets|configs)\.\d+\.source$/, good: ["one", "two"], bad: ["nobody"] },
  { at: /\.(secrets|configs)\.\d+\.target$/, good: ["/t", "u"], bad: [] },
  {
    at: /\.extra_hosts\.\d+$/,
    good: ["db=1.2.3.4", "db:1.2.3.4", "a=[::1]", "x=::1", "host.docker.internal:host-gateway"],
    bad: ["db", "=1.2.3.4", ":1", "a:b=1"],
  },
  { at: /\.devices\.\d+$/, good: ["/dev/a", "/dev/a:/dev/b", "/dev/a:/dev/b:r"], bad: ["a:b:c:d"] },
  { at: /\.(cap_add|cap_drop)\.\d+$/, good: ["NET_ADMIN", "SYS_TIME"], bad: [1] },
  { at: /\.(dns|dns_search)(\.\d+)?$/, good: ["1.1.1.1", "8.8.8.8"], bad: [1] },
  { at: /\.expose\.\d+$/, good: ["80", 81, "80-90"], bad: [1.5] },
  { at: /\.group_add\.\d+$/, good: ["a", 7], bad: [1.5] },
  { at: /\.(storage_opt|driver_opts)\.[^.]+$/, good: ["1g", 1], bad: [1.5, true, [1]] },
  { at: /\.networks\.\d+$/, good: ["default"], bad: ["nowhere"] },
  { at: /\.count$/, good: [1, "all", "2"], bad: ["some"] },
  { at: /^(secrets|configs)\.[^.]+\.environment$/, good: ["A", "S1", "S2"], tame: ["S1", "S2"], bad: [1] },
  { at: /^configs\.[^.]+\.content$/, good: ["x", "${A} $$b", "a\nb\n", "$(x)"], bad: ["${"] },
  { at: /^(secrets|configs)\.[^.]+\.file$/, good: ["./a"], bad: [1] },
  { at: /^[a-z]+\.[^.]+\.external$/, good: [false, "false"], bad: ["maybe"] },
  { at: /\.(container_name|hostname)$/, good: ["web", "a-b"], tame: ["a-b"], bad: ["!"] },
  { at: /\.weight$/, good: [10], bad: ["10", 70_000, -1] },
  { at: /\.oom_score_adj$/, good: [100, "5"], bad: ["x", 2000] },
  { at: /\.gpus$/, good: ["all"], bad: ["some"] },
  { at: /\.value$/, good: [1, "2"], bad: ["x"] },
  { at: /\.(priority|gw_priority)$/, good: [1, 2], bad: ["x"] },
  { at: /\.pull_policy$/, good: ["always", "missing", "every_2h"], bad: ["sometimes"] },
];

/** What may stand anywhere. */
export const TEXTS: Tree[] = ["a", "x y", "${A}", "${U:-b}", "$$c", "$(d)", "e$", "${EMPTY}", "${DOMAIN}", "${D}"];
export const ODD_TEXTS: Tree[] = ["${", "${1}", "${A:?}", "${EMPTY:?needed}", "${U?}"];
export const ODDITIES: Tree[] = [
  null,
  [],
  {},
  1.5,
  true,
  -1,
  "",
  raw("2024-05-01"),
  raw("~"),
  [null],
  raw("0x1F"),
  raw("0b11"),
];
